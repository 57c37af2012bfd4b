package dynamodb

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTransactWriteItems_AppliesARepeatedRequestOnce(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	service, err := New(Config{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	write := func(token, pk, order string) string {
		action := `"TableName":"events","Key":{"pk":{"S":"` + pk + `"}},`
		update := `"UpdateExpression":"ADD n :one",` +
			`"ExpressionAttributeValues":{":one":{"N":"1"}}`
		body := `{"Update":{` + action + update + `}}`
		if order == "other order" {
			body = "{ \"Update\" :\n{" + strings.TrimSuffix(action+update+","+action, ",") + `}}`
		}
		status, response := call(t, service, "TransactWriteItems",
			`{"TransactItems":[`+body+`],"ReturnConsumedCapacity":"TOTAL",`+
				`"ClientRequestToken":"`+token+`"}`)
		if status != http.StatusOK {
			return response
		}
		return ""
	}
	count := func(want int) {
		t.Helper()
		if got := getPK(t, service, "a"); !strings.Contains(got, fmt.Sprintf(`{"N":"%d"}`, want)) {
			t.Fatalf("got %s, want %d updates", got, want)
		}
	}
	for range 3 {
		if failure := write("token", "a", ""); failure != "" {
			t.Fatal(failure)
		}
	}
	count(1)
	if failure := write("token", "a", "other order"); failure != "" {
		t.Fatal(failure)
	}
	count(1)
	failure := write("token", "b", "")
	if !strings.Contains(failure, `"IdempotentParameterMismatchException"`) {
		t.Errorf("got %s", failure)
	}
	for _, token := range []string{"", strings.Repeat("x", 37)} {
		if got := write(token, "a", ""); !strings.Contains(got, "ValidationException") {
			t.Errorf("token %q: got %s", token, got)
		}
	}
	if failure := write("other token", "a", ""); failure != "" {
		t.Fatal(failure)
	}
	count(2)
	now = now.Add(tokenLifetime - 1)
	write("token", "a", "")
	count(2)
	now = now.Add(1)
	write("token", "a", "")
	count(3)
	if n := len(service.tokens.requests); n != 1 {
		t.Errorf("the service remembers %d tokens, want 1", n)
	}
}

func TestTransactWriteItems_AppliesACanceledRequestLater(t *testing.T) {
	service, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	const request = `{"ClientRequestToken":"token","TransactItems":[
		{"ConditionCheck":{"TableName":"events","Key":{"pk":{"S":"a"}},
			"ConditionExpression":"attribute_exists(pk)"}},
		{"Put":{"TableName":"events","Item":{"pk":{"S":"b"}}}}]}`
	status, response := call(t, service, "TransactWriteItems", request)
	if status != http.StatusBadRequest {
		t.Fatal(status, response)
	}
	putPK(t, service, "a", "")
	status, response = call(t, service, "TransactWriteItems", request)
	if got := getPK(t, service, "b"); status != http.StatusOK || got == "{}" {
		t.Errorf("got %d %s and item %s", status, response, got)
	}
}
