package secretsmanager

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
	const arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:"
	for _, c := range []struct{ operation, body, want string }{
		{"GetSecretValue", `{"SecretId":"a"}`,
			"{secretsmanager:GetSecretValue " + arn + "a-local1 map[]}"},
		{"GetSecretValue", `{"SecretId":"` + arn + `a-local1"}`,
			"{secretsmanager:GetSecretValue " + arn + "a-local1 map[]}"},
		{"GetSecretValue", `{"Name":"a","SecretId":"b"}`,
			"{secretsmanager:GetSecretValue " + arn + "b-local1 map[]}"},
		{"CreateSecret", `{"Name":"a","SecretId":"b"}`,
			"{secretsmanager:CreateSecret " + arn + "a-local1 map[]}"},
		{"ListSecrets", `{"SecretId":"b"}`, "{secretsmanager:ListSecrets * map[]}"},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
		got, err := permissions(scope, c.operation, r)
		if err != nil || fmt.Sprint(got) != "["+c.want+"]" {
			t.Errorf("%s %s: got %v, %v, want %s", c.operation, c.body, got, err, c.want)
		}
	}
}
