package lambda

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func TestPermissions_NameTheFunction(t *testing.T) {
	scope := protocol.Scope{Region: "us-east-1", Account: "111122223333"}
	const arn, path = "arn:aws:lambda:us-east-1:111122223333:function:", "/2015-03-31/functions/"
	for _, c := range []struct{ method, url, want string }{
		{"POST", path + "f/invocations", "lambda:InvokeFunction " + arn + "f"},
		{"POST", path + "f/invocations?Qualifier=live",
			"lambda:InvokeFunction " + arn + "f:live"},
		{"PUT", path + "f/configuration", "lambda:UpdateFunctionConfiguration " + arn + "f"},
		{"GET", path + "f", "lambda:GetFunction " + arn + "f"},
		{"GET", path, "lambda:ListFunctions *"},
		{"GET", "/2015-03-31/event-source-mappings/m", "lambda:GetEventSourceMapping *"},
	} {
		r := httptest.NewRequest(c.method, c.url, nil)
		got, err := permissions(scope, operationOf(r), r)
		if err != nil || fmt.Sprint(got) != "[{"+c.want+" map[]}]" {
			t.Errorf("%s %s: got %v, %v, want %s", c.method, c.url, got, err, c.want)
		}
	}
}
