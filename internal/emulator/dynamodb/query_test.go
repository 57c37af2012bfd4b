package dynamodb

import (
	"net/http"
	"strings"
	"testing"
)

func TestQuery_ExcludesTheStartKey(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateTable(events); err != nil {
		t.Fatal(err)
	}
	putPK(t, s, "a", "")
	putPK(t, s, "b", "")
	query := func(partition, more string) (int, string) {
		return call(t, s, "Query", `{"TableName":"events","KeyConditionExpression":"pk = :p",`+
			`"ExpressionAttributeValues":{":p":{"S":"`+partition+`"}}`+more+`}`)
	}
	for _, forward := range []string{"true", "false"} {
		order := `,"Limit":1,"ScanIndexForward":` + forward
		_, first := query("a", order)
		if !strings.Contains(first, `"Count":1`) || !strings.Contains(first, "LastEvaluatedKey") {
			t.Errorf("forward %s: first page %s, want one item and a key", forward, first)
		}
		_, second := query("a", order+`,"ExclusiveStartKey":{"pk":{"S":"a"}}`)
		if !strings.Contains(second, `"Count":0`) || strings.Contains(second, "LastEvaluatedKey") {
			t.Errorf("forward %s: second page %s, want no item and no key", forward, second)
		}
	}
	status, out := query("b", `,"ExclusiveStartKey":{"pk":{"S":"a"}}`)
	if status != http.StatusBadRequest || !strings.Contains(out, "outside query boundaries") {
		t.Errorf("start key of another partition: got %d, %s; want an error", status, out)
	}
}
