package dynamodb

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

var events = Table{Name: "events", PartitionKey: Key{"pk", "S"}, TTLAttribute: "expiresAt"}

// open starts a service on a file, which the test may close to start another.
func open(t *testing.T, file string, now time.Time) (*Service, *store.DB) {
	t.Helper()
	db, err := store.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	service, err := New(Config{DB: db, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return service, db
}

// call makes a request and returns the answer.
func call(t *testing.T, service *Service, operation, body string) (status int, answer string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func putPK(t *testing.T, service *Service, pk, more string) {
	t.Helper()
	if status, answer := call(t, service, "PutItem", fmt.Sprintf(`{"TableName":"events","Item":{"pk":{"S":%q}%s}}`, pk, more)); status != http.StatusOK {
		t.Fatal(status, answer)
	}
}

func getPK(t *testing.T, service *Service, pk string) string {
	t.Helper()
	status, answer := call(t, service, "GetItem", fmt.Sprintf(`{"TableName":"events","Key":{"pk":{"S":%q}}}`, pk))
	if status != http.StatusOK {
		t.Fatal(status, answer)
	}
	return answer
}

func TestCreateTable_KeepsWhatIsThere(t *testing.T) {
	service, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	putPK(t, service, "1", "")
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	if got := getPK(t, service, "1"); got != `{"Item":{"pk":{"S":"1"}}}` {
		t.Errorf("got %s", got)
	}
	other := events
	other.PartitionKey.Name = "id"
	if err := service.CreateTable(other); err == nil {
		t.Error("the table was created again with another key")
	}
}

func TestState_OutlivesTheService(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "state.db"), time.Unix(1_800_000_000, 0)
	service, db := open(t, file, now)
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	if err := service.CreateTable(Table{Name: "sorted", PartitionKey: Key{"pk", "S"}, SortKey: Key{"sk", "N"}}); err != nil {
		t.Fatal(err)
	}
	item := `,"b":{"B":"AP8="},"l":{"L":[{"N":"1.5"},{"NULL":true}]},"m":{"M":{"é\n":{"BOOL":false}}},"ns":{"NS":["1","2"]}`
	putPK(t, service, "EVENT#1", item)
	putPK(t, service, "gone", "")
	call(t, service, "DeleteItem", `{"TableName":"events","Key":{"pk":{"S":"gone"}}}`)
	for _, sk := range []string{"10", "9"} {
		call(t, service, "PutItem", `{"TableName":"sorted","Item":{"pk":{"S":"p"},"sk":{"N":"`+sk+`"}}}`)
	}
	before := getPK(t, service, "EVENT#1")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	service, db = open(t, file, now)
	defer db.Close()
	if got := getPK(t, service, "EVENT#1"); got != before || !json.Valid([]byte(got)) || !strings.Contains(got, `"AP8="`) {
		t.Errorf("got %s, before it was %s", got, before)
	}
	if got := getPK(t, service, "gone"); got != "{}" {
		t.Errorf("the deleted item is %s", got)
	}
	_, answer := call(t, service, "Query", `{"TableName":"sorted","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}}}`)
	if nine, ten := strings.Index(answer, `"9"`), strings.Index(answer, `"10"`); nine < 0 || ten < nine {
		t.Errorf("got %s", answer)
	}
	if _, answer := call(t, service, "DescribeTimeToLive", `{"TableName":"events"}`); !strings.Contains(answer, `"expiresAt"`) {
		t.Errorf("got %s", answer)
	}
}

func TestDeletedTable_StaysDeleted(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "state.db"), time.Unix(1_800_000_000, 0)
	service, db := open(t, file, now)
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	putPK(t, service, "1", "")
	if status, answer := call(t, service, "DeleteTable", `{"TableName":"events"}`); status != http.StatusOK {
		t.Fatal(answer)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	service, db = open(t, file, now)
	defer db.Close()
	if status, answer := call(t, service, "DescribeTable", `{"TableName":"events"}`); status != http.StatusBadRequest {
		t.Errorf("got %d %s", status, answer)
	}
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	if got := getPK(t, service, "1"); got != "{}" {
		t.Errorf("an item of the deleted table is back: %s", got)
	}
}

func TestExpiredItems_AreGoneAfterARestart(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "state.db"), time.Unix(1_800_000_000, 0)
	service, db := open(t, file, now)
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	expiry := func(at time.Time) string { return fmt.Sprintf(`,"expiresAt":{"N":"%d"}`, at.Unix()) }
	putPK(t, service, "expired", expiry(now.Add(-time.Second)))
	putPK(t, service, "live", expiry(now.Add(time.Second)))
	putPK(t, service, "ancient", expiry(now.Add(-6*365*24*time.Hour)))
	putPK(t, service, "text", `,"expiresAt":{"S":"1"}`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	service, db = open(t, file, now)
	defer db.Close()
	for pk, kept := range map[string]bool{"expired": false, "live": true, "ancient": true, "text": true} {
		if got := getPK(t, service, pk); (got != "{}") != kept {
			t.Errorf("%s: got %s", pk, got)
		}
	}
}

// TestState_OutlivesAKilledProcess runs itself as a process that puts items until it is killed.
func TestState_OutlivesAKilledProcess(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	if file := os.Getenv("DYNAMODB_TEST_FILE"); file != "" {
		service, _ := open(t, file, now)
		if err := service.CreateTable(events); err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			putPK(t, service, fmt.Sprint(i), "")
			fmt.Println(i)
		}
	}
	file := filepath.Join(t.TempDir(), "state.db")
	cmd := exec.Command(os.Args[0], "-test.run=^TestState_OutlivesAKilledProcess$")
	cmd.Env = append(os.Environ(), "DYNAMODB_TEST_FILE="+file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	for lines := bufio.NewScanner(out); acknowledged < 500 && lines.Scan(); acknowledged++ {
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed

	if acknowledged < 500 {
		t.Fatalf("the process acknowledged %d puts only", acknowledged)
	}
	service, db := open(t, file, now)
	defer db.Close()
	for i := range acknowledged {
		if got := getPK(t, service, fmt.Sprint(i)); got == "{}" {
			t.Fatalf("item %d of %d is lost", i, acknowledged)
		}
	}
}

// TestTransactions_OverTheSameTablesKeepTheirSum moves one unit at a time between two tables, both ways at once.
func TestTransactions_OverTheSameTablesKeepTheirSum(t *testing.T) {
	service, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if err := service.CreateTable(Table{Name: name, PartitionKey: Key{"pk", "S"}}); err != nil {
			t.Fatal(err)
		}
		call(t, service, "PutItem", `{"TableName":"`+name+`","Item":{"pk":{"S":"1"},"n":{"N":"50"}}}`)
	}
	move := func(from, to string) string {
		update := func(table, sign, condition string) string {
			return `{"Update":{"TableName":"` + table + `","Key":{"pk":{"S":"1"}},"UpdateExpression":"SET n = n ` + sign + ` :one",` + condition +
				`"ExpressionAttributeValues":{":one":{"N":"1"}}}}`
		}
		return `{"TransactItems":[` + update(from, "-", `"ConditionExpression":"n >= :one",`) + `,` + update(to, "+", "") + `]}`
	}
	var all sync.WaitGroup
	for _, request := range []string{move("a", "b"), move("b", "a"), move("a", "b")} {
		all.Go(func() {
			for range 200 {
				if status, answer := call(t, service, "TransactWriteItems", request); status != http.StatusOK && !strings.Contains(answer, "ConditionalCheckFailed") {
					t.Error(status, answer)
				}
			}
		})
	}
	all.Wait()
	sum := 0
	for _, name := range []string{"a", "b"} {
		var out struct {
			Item struct {
				N struct {
					N int `json:",string"`
				} `json:"n"`
			}
		}
		_, answer := call(t, service, "GetItem", `{"TableName":"`+name+`","Key":{"pk":{"S":"1"}}}`)
		if err := json.Unmarshal([]byte(answer), &out); err != nil {
			t.Fatal(err, answer)
		}
		if out.Item.N.N < 0 {
			t.Errorf("table %s holds %d", name, out.Item.N.N)
		}
		sum += out.Item.N.N
	}
	if sum != 100 {
		t.Errorf("the sum is %d, want 100", sum)
	}
}

func TestRequest_WithParametersThatExpressionsReplacedIsRefused(t *testing.T) {
	service, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{
		`{"TableName":"events","Item":{"pk":{"S":"1"}},"Expected":{"pk":{"Exists":false}}}`,
		`{"TableName":"events","Item":{"pk":{}}}`,
		`{"TableName":"events","Item":{"pk":{"S":"1","N":"1"}}}`,
		`{"TableName":"events","Item":{"pk":{"S":"1"},"deep":` + strings.Repeat(`{"L":[`, 40) + strings.Repeat(`]}`, 40) + `}}`,
	} {
		if status, answer := call(t, service, "PutItem", body); status != http.StatusBadRequest || !strings.Contains(answer, "ValidationException") {
			t.Errorf("%s: got %d %s", body, status, answer)
		}
	}
	if got := getPK(t, service, "1"); got != "{}" {
		t.Errorf("stored is %s", got)
	}
}

func BenchmarkPutIfAbsentKeptInFile(b *testing.B) {
	db, err := store.Open(filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	service, err := New(Config{DB: db})
	if err != nil {
		b.Fatal(err)
	}
	if err := service.CreateTable(events); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		body := fmt.Sprintf(`{"TableName":"events","Item":{"pk":{"S":"EVENT#%d"},"status":{"S":"ENQUEUED"},"s3Key":{"S":"bronze/demo/2026/01/02/03/%d.json"},`+
			`"receivedAt":{"S":"2026-01-02T03:04:05.678Z"},"expiresAt":{"N":"1900000000"}},"ConditionExpression":"attribute_not_exists(pk)"}`, i, i)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "DynamoDB_20120810.PutItem")
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
}
