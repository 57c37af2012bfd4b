package dynamodb

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// The authorizer must ignore parameters that the operation does not have. Otherwise, a caller could
// choose the required permissions.
func TestPermissions_DependOnTheOperation(t *testing.T) {
	scope := protocol.Scope{Region: "us-east-1", Account: "111122223333"}
	const arn = "arn:aws:dynamodb:us-east-1:111122223333:table/"
	for _, c := range []struct{ operation, body, want string }{
		{"PutItem", `{"TableName":"t","Item":{}}`, "{dynamodb:PutItem " + arn + "t map[]}"},
		{"PutItem", `{"TableName":"t","TransactItems":[]}`,
			"{dynamodb:PutItem " + arn + "t map[]}"},
		{"PutItem", `{"TableName":"t","RequestItems":{}}`,
			"{dynamodb:PutItem " + arn + "t map[]}"},
		{"PutItem", `{"TableName":"t","IndexName":"i"}`, "{dynamodb:PutItem " + arn + "t map[]}"},
		{"Query", `{"TableName":"t","IndexName":"i"}`,
			"{dynamodb:Query " + arn + "t/index/i map[]}"},
		{"GetItem", `{"TableName":"` + arn + `t"}`, "{dynamodb:GetItem " + arn + "t map[]}"},
		{"BatchGetItem", `{"RequestItems":{"t":{},"s":{}}}`,
			"{dynamodb:BatchGetItem " + arn + "s map[]} " +
				"{dynamodb:BatchGetItem " + arn + "t map[]}"},
		{"TransactWriteItems",
			`{"TransactItems":[{"Put":{"TableName":"t"}},{"ConditionCheck":{"TableName":"s"}}]}`,
			"{dynamodb:PutItem " + arn + "t map[]} " +
				"{dynamodb:ConditionCheckItem " + arn + "s map[]}"},
		{"ListTables", `{}`, "{dynamodb:ListTables * map[]}"},
		{"ListTables", `{"TableName":"t"}`, "{dynamodb:ListTables * map[]}"},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
		got, err := permissions(scope, c.operation, r)
		if err != nil || fmt.Sprint(got) != "["+c.want+"]" {
			t.Errorf("%s %s: got %v, %v, want %s", c.operation, c.body, got, err, c.want)
		}
	}
}
