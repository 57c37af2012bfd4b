package eventbridge

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
	const arn = "arn:aws:events:us-east-1:111122223333:"
	for _, c := range []struct{ operation, body, want string }{
		{"PutEvents", `{"Entries":[{"EventBusName":"bus","Source":"s","DetailType":"d"},` +
			`{"EventBusName":"` + arn + `event-bus/other"},{}]}`,
			"{events:PutEvents " + arn +
				"event-bus/bus map[events:detail-type:d events:source:s]} " +
				"{events:PutEvents " + arn +
				"event-bus/other map[events:detail-type: events:source:]} " +
				"{events:PutEvents " + arn +
				"event-bus/default map[events:detail-type: events:source:]}"},
		{"PutRule", `{"Name":"r","EventBusName":"bus"}`,
			"{events:PutRule " + arn + "rule/bus/r map[]}"},
		{"PutRule", `{"Name":"a","Rule":"b"}`, "{events:PutRule " + arn + "rule/a map[]}"},
		{"PutTargets", `{"Rule":"r"}`, "{events:PutTargets " + arn + "rule/r map[]}"},
		{"PutTargets", `{"Name":"a","Rule":"b"}`, "{events:PutTargets " + arn + "rule/b map[]}"},
		{"PutTargets", `{"Rule":"r","EventBusName":"` + arn + `event-bus/default"}`,
			"{events:PutTargets " + arn + "rule/r map[]}"},
		{"PutTargets", `{"Rule":"r","EventBusName":"` + arn + `event-bus/aws.partner/x/y"}`,
			"{events:PutTargets " + arn + "rule/aws.partner/x/y/r map[]}"},
		{"DescribeEventBus", `{"Name":"bus"}`,
			"{events:DescribeEventBus " + arn + "event-bus/bus map[]}"},
		{"ListRules", `{"EventBusName":"bus"}`, "{events:ListRules * map[]}"},
		{"ListRules", `{"Name":"a"}`, "{events:ListRules * map[]}"},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
		got, err := permissions(scope, c.operation, r)
		if err != nil || fmt.Sprint(got) != "["+c.want+"]" {
			t.Errorf("%s %s: got %v, %v, want %s", c.operation, c.body, got, err, c.want)
		}
	}
}
