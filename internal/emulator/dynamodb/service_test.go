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

// newStoredService returns a service and its store. A test can close the store and open it again,
// to restart the service.
func newStoredService(t *testing.T, file string, now time.Time) (*Service, *store.DB) {
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

// call sends a request and returns the response.
func call(t *testing.T, service *Service, operation, body string) (status int, response string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func putPK(t *testing.T, service *Service, pk, more string) {
	t.Helper()
	body := fmt.Sprintf(`{"TableName":"events","Item":{"pk":{"S":%q}%s}}`, pk, more)
	if status, response := call(t, service, "PutItem", body); status != http.StatusOK {
		t.Fatal(status, response)
	}
}

func getPK(t *testing.T, service *Service, pk string) string {
	t.Helper()
	body := fmt.Sprintf(`{"TableName":"events","Key":{"pk":{"S":%q}}}`, pk)
	status, response := call(t, service, "GetItem", body)
	if status != http.StatusOK {
		t.Fatal(status, response)
	}
	return response
}

func TestCreateTable_KeepsExistingItems(t *testing.T) {
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
		t.Error("created an existing table with another key")
	}
}

func TestState_SurvivesARestart(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "state.db"), time.Unix(1_800_000_000, 0)
	service, db := newStoredService(t, file, now)
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	sorted := Table{Name: "sorted", PartitionKey: Key{"pk", "S"}, SortKey: Key{"sk", "N"}}
	if err := service.CreateTable(sorted); err != nil {
		t.Fatal(err)
	}
	item := `,"b":{"B":"AP8="},"l":{"L":[{"N":"1.5"},{"NULL":true}]},` +
		`"m":{"M":{"é\n":{"BOOL":false}}},"ns":{"NS":["1","2"]}`
	putPK(t, service, "EVENT#1", item)
	putPK(t, service, "deleted", "")
	call(t, service, "DeleteItem", `{"TableName":"events","Key":{"pk":{"S":"deleted"}}}`)
	for _, sk := range []string{"10", "9"} {
		call(t, service, "PutItem",
			`{"TableName":"sorted","Item":{"pk":{"S":"p"},"sk":{"N":"`+sk+`"}}}`)
	}
	before := getPK(t, service, "EVENT#1")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	service, db = newStoredService(t, file, now)
	defer db.Close()
	got := getPK(t, service, "EVENT#1")
	if got != before || !json.Valid([]byte(got)) || !strings.Contains(got, `"AP8="`) {
		t.Errorf("got %s, want %s", got, before)
	}
	if got := getPK(t, service, "deleted"); got != "{}" {
		t.Errorf("the deleted item is %s, want none", got)
	}
	_, response := call(t, service, "Query", `{"TableName":"sorted",
		"KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}}}`)
	nine, ten := strings.Index(response, `"9"`), strings.Index(response, `"10"`)
	if nine < 0 || ten < nine {
		t.Errorf("got %s", response)
	}
	_, response = call(t, service, "DescribeTimeToLive", `{"TableName":"events"}`)
	if !strings.Contains(response, `"expiresAt"`) {
		t.Errorf("got %s", response)
	}
}

func TestDeleteTable_SurvivesARestart(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "state.db"), time.Unix(1_800_000_000, 0)
	service, db := newStoredService(t, file, now)
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	putPK(t, service, "1", "")
	status, response := call(t, service, "DeleteTable", `{"TableName":"events"}`)
	if status != http.StatusOK {
		t.Fatal(response)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	service, db = newStoredService(t, file, now)
	defer db.Close()
	status, response = call(t, service, "DescribeTable", `{"TableName":"events"}`)
	if status != http.StatusBadRequest {
		t.Errorf("got %d %s", status, response)
	}
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	if got := getPK(t, service, "1"); got != "{}" {
		t.Errorf("the new table contains an item of the deleted one: %s", got)
	}
}

func TestNew_DeletesExpiredItems(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "state.db"), time.Unix(1_800_000_000, 0)
	service, db := newStoredService(t, file, now)
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
	service, db = newStoredService(t, file, now)
	defer db.Close()
	wantKept := map[string]bool{"expired": false, "live": true, "ancient": true, "text": true}
	for pk, kept := range wantKept {
		if got := getPK(t, service, pk); (got != "{}") != kept {
			t.Errorf("%s: got %s", pk, got)
		}
	}
}

// TestState_SurvivesACrash kills a process that puts items. The store must contain every item that
// PutItem has confirmed.
func TestState_SurvivesACrash(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	if file := os.Getenv("DYNAMODB_TEST_FILE"); file != "" {
		service, _ := newStoredService(t, file, now)
		if err := service.CreateTable(events); err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			putPK(t, service, fmt.Sprint(i), "")
			fmt.Println(i)
		}
	}
	file := filepath.Join(t.TempDir(), "state.db")
	cmd := exec.Command(os.Args[0], "-test.run=^TestState_SurvivesACrash$")
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
	_ = cmd.Wait() // the error reports only the kill signal

	if acknowledged < 500 {
		t.Fatalf("the process acknowledged only %d puts, want at least 500", acknowledged)
	}
	service, db := newStoredService(t, file, now)
	defer db.Close()
	for i := range acknowledged {
		if got := getPK(t, service, fmt.Sprint(i)); got == "{}" {
			t.Fatalf("item %d of %d was lost", i, acknowledged)
		}
	}
}

// Concurrent transactions move units from one table to the other, in both directions. The sum of
// the units must not change.
func TestTransactWriteItems_IsAtomicAcrossTables(t *testing.T) {
	service, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if err := service.CreateTable(Table{Name: name, PartitionKey: Key{"pk", "S"}}); err != nil {
			t.Fatal(err)
		}
		call(t, service, "PutItem",
			`{"TableName":"`+name+`","Item":{"pk":{"S":"1"},"n":{"N":"50"}}}`)
	}
	move := func(from, to string) string {
		update := func(table, sign, condition string) string {
			return `{"Update":{"TableName":"` + table + `","Key":{"pk":{"S":"1"}},` +
				`"UpdateExpression":"SET n = n ` + sign + ` :one",` + condition +
				`"ExpressionAttributeValues":{":one":{"N":"1"}}}}`
		}
		return `{"TransactItems":[` +
			update(from, "-", `"ConditionExpression":"n >= :one",`) + `,` +
			update(to, "+", "") + `]}`
	}
	var writers sync.WaitGroup
	for _, request := range []string{move("a", "b"), move("b", "a"), move("a", "b")} {
		writers.Go(func() {
			for range 200 {
				status, response := call(t, service, "TransactWriteItems", request)
				failed := strings.Contains(response, "ConditionalCheckFailed")
				if status != http.StatusOK && !failed {
					t.Error(status, response)
				}
			}
		})
	}
	writers.Wait()
	sum := 0
	for _, name := range []string{"a", "b"} {
		var out struct {
			Item struct {
				N struct {
					N int `json:",string"`
				} `json:"n"`
			}
		}
		_, response := call(t, service, "GetItem",
			`{"TableName":"`+name+`","Key":{"pk":{"S":"1"}}}`)
		if err := json.Unmarshal([]byte(response), &out); err != nil {
			t.Fatal(err, response)
		}
		if out.Item.N.N < 0 {
			t.Errorf("table %s contains %d", name, out.Item.N.N)
		}
		sum += out.Item.N.N
	}
	if sum != 100 {
		t.Errorf("the sum is %d, want 100", sum)
	}
}

func TestPutItem_RejectsLegacyParametersAndInvalidValues(t *testing.T) {
	service, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat(`{"L":[`, 40) + strings.Repeat(`]}`, 40)
	for _, body := range []string{
		`{"TableName":"events","Item":{"pk":{"S":"1"}},"Expected":{"pk":{"Exists":false}}}`,
		`{"TableName":"events","Item":{"pk":{}}}`,
		`{"TableName":"events","Item":{"pk":{"S":"1","N":"1"}}}`,
		`{"TableName":"events","Item":{"pk":{"S":"1"},"null":{"NULL":false}}}`,
		`{"TableName":"events","Item":{"pk":{"S":"1"},"deep":` + deep + `}}`,
	} {
		status, response := call(t, service, "PutItem", body)
		if status != http.StatusBadRequest || !strings.Contains(response, "ValidationException") {
			t.Errorf("%s: got %d %s", body, status, response)
		}
	}
	if got := getPK(t, service, "1"); got != "{}" {
		t.Errorf("stored %s, want nothing", got)
	}
}

func TestService_FindsTablesByARN(t *testing.T) {
	service, err := New(Config{Region: "us-east-1", Account: "000000000000"})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	for arn, want := range map[string]int{
		"arn:aws:dynamodb:us-east-1:000000000000:table/events": http.StatusOK,
		"arn:aws:dynamodb:eu-west-1:000000000000:table/events": http.StatusBadRequest,
		"arn:aws:dynamodb:us-east-1:000000000000:table/absent": http.StatusBadRequest,
	} {
		for operation, body := range map[string]string{
			"PutItem":       `{"TableName":"` + arn + `","Item":{"pk":{"S":"1"}}}`,
			"DescribeTable": `{"TableName":"` + arn + `"}`,
			"TransactWriteItems": `{"TransactItems":[{"Delete":{"TableName":"` + arn +
				`","Key":{"pk":{"S":"1"}}}}]}`,
		} {
			if status, response := call(t, service, operation, body); status != want {
				t.Errorf("%s of %s: got %d %s, want %d", operation, arn, status, response, want)
			}
		}
	}
}

func TestCreateTable_RejectsInvalidNames(t *testing.T) {
	service, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{
		"abc": 200, "A-b_c.9": 200, strings.Repeat("a", 255): 200,
		"arn:aws:dynamodb:us-east-1:000000000000:table/other": 200,
		"": 400, "ab": 400, "a/bc": 400, strings.Repeat("a", 256): 400,
		"arn:aws:dynamodb:eu-west-1:000000000000:table/other": 400,
	} {
		status, response := call(t, service, "CreateTable", `{"TableName":"`+name+`",
			"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
			"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}`)
		if status != want {
			t.Errorf("%q: got %d %s, want %d", name, status, response, want)
		}
	}
}

func TestDeleteTable_DeletesATableByARN(t *testing.T) {
	service, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	putPK(t, service, "1", "")
	const byARN = `{"TableName":"arn:aws:dynamodb:us-east-1:000000000000:table/events"}`
	if status, response := call(t, service, "DeleteTable", byARN); status != http.StatusOK {
		t.Fatal(response)
	}
	if _, response := call(t, service, "ListTables", `{}`); response != `{"TableNames":[]}` {
		t.Errorf("got %s, want no table", response)
	}
}

func BenchmarkPutItem_IfAbsentWithStore(b *testing.B) {
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
		body := fmt.Sprintf(`{"TableName":"events","Item":{"pk":{"S":"EVENT#%d"},`+
			`"status":{"S":"ENQUEUED"},"s3Key":{"S":"bronze/demo/2026/01/02/03/%d.json"},`+
			`"receivedAt":{"S":"2026-01-02T03:04:05.678Z"},"expiresAt":{"N":"1900000000"}},`+
			`"ConditionExpression":"attribute_not_exists(pk)"}`, i, i)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "DynamoDB_20120810.PutItem")
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
}
