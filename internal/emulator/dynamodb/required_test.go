package dynamodb

import (
	"net/http"
	"strings"
	"testing"
)

func TestRequests_MustHaveTheRequiredMembers(t *testing.T) {
	const (
		key   = `"Key":{"pk":{"S":"1"}}`
		check = `{"ConditionCheck":{"TableName":"events",` + key + `}}`
	)
	for _, c := range []struct{ operation, body, absent string }{
		{"TransactWriteItems", `{"TransactItems":[` + check + `]}`,
			"transactItems.1.member.conditionCheck.conditionExpression"},
		{"TransactWriteItems", `{"TransactItems":[{"Update":{"TableName":"events",` + key + `}}]}`,
			"transactItems.1.member.update.updateExpression"},
		{"TransactWriteItems", `{"TransactItems":[{"Delete":{` + key + `}}]}`,
			"transactItems.1.member.delete.tableName"},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"events"}}]}`,
			"transactItems.1.member.put.item"},
		{"TransactWriteItems", `{"TransactItems":null}`, "actions"},
		{"GetItem", `{` + key + `}`, "tableName"},
		{"GetItem", `{"TableName":"absent"}`, "'key'"},
		{"PutItem", `{"TableName":"absent"}`, "'item'"},
		{"PutItem", `{"TableName":"absent","Item":null}`, "'item'"},
		{"UpdateItem", `{"TableName":"absent"}`, "'key'"},
		{"DeleteItem", `{}`, "2 validation errors"},
		{"BatchGetItem", `{"RequestItems":{"events":{"Keys":[{"pk":{"S":"1"}}]},"other":{}}}`,
			"other"},
		{"BatchWriteItem", `{"RequestItems":{"other":[],"events":[{"DeleteRequest":{` + key +
			`}}]}}`, "other"},
		{"BatchWriteItem", `{"RequestItems":{"absent":[{"PutRequest":{}}]}}`, "absent.item"},
		{"Query", `{"KeyConditionExpression":"pk = :v"}`, "tableName"},
		{"Scan", `{}`, "tableName"},
		{"DescribeTable", `{}`, "tableName"},
		{"DeleteTable", `{}`, "tableName"},
		{"DescribeTimeToLive", `{}`, "tableName"},
		{"UpdateTimeToLive", `{"TableName":"absent"}`, "2 validation errors"},
		{"UpdateTimeToLive", `{"TableName":"events","TimeToLiveSpecification":` +
			`{"AttributeName":"expiresAt"}}`, "enabled"},
		{"ListTables", `{"Limit":0}`, "limit"},
		{"ListTables", `{"Limit":101}`, "limit"},
		{"CreateTable", `{"TableName":"new"}`, "keySchema"},
		{"CreateTable", `{"TableName":"new","KeySchema":[{"AttributeName":"pk"}],` +
			`"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}`, "keyType"},
		{"CreateTable", `{"TableName":"new","KeySchema":[{"AttributeName":"pk",` +
			`"KeyType":"RANGE"}],"AttributeDefinitions":[{"AttributeName":"pk",` +
			`"AttributeType":"S"}]}`, "HASH"},
		{"CreateTable", `{"TableName":"new","StreamSpecification":{}}`, "streamEnabled"},
		{"GetItem", `{"TableName":"events",` + key + `,"ExpressionAttributeNames":{}}`,
			"ExpressionAttributeNames"},
		{"DeleteItem", `{"TableName":"events",` + key + `,"ExpressionAttributeValues":{}}`,
			"ExpressionAttributeValues"},
	} {
		service, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := service.CreateTable(events); err != nil {
			t.Fatal(err)
		}
		status, response := call(t, service, c.operation, c.body)
		if status != http.StatusBadRequest || !strings.Contains(response, "ValidationException") ||
			!strings.Contains(response, c.absent) {
			t.Errorf("%s %s: got %d %s, want an error about %s",
				c.operation, c.body, status, response, c.absent)
		}
		if got := getPK(t, service, "1"); got != "{}" {
			t.Errorf("%s %s created the item %s", c.operation, c.body, got)
		}
	}
}
