package sqs

import (
	"encoding/base64"
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
	const queue = "arn:aws:sqs:us-east-1:111122223333:q"
	handle := base64.StdEncoding.EncodeToString([]byte(`{"sourceArn":"` + queue + `"}`))
	for _, c := range []struct{ operation, body, want string }{
		{"SendMessage", `{"QueueName":"other","QueueUrl":"http://h/1/q"}`,
			"{sqs:SendMessage " + queue + " map[]}"},
		{"SendMessageBatch", `{"QueueUrl":"http://h/1/q"}`,
			"{sqs:SendMessage " + queue + " map[]}"},
		{"ChangeMessageVisibilityBatch", `{"QueueUrl":"http://h/1/q"}`,
			"{sqs:ChangeMessageVisibility " + queue + " map[]}"},
		{"DeleteMessageBatch", `{"QueueUrl":"http://h/1/q"}`,
			"{sqs:DeleteMessage " + queue + " map[]}"},
		{"GetQueueUrl", `{"QueueName":"q"}`, "{sqs:GetQueueUrl " + queue + " map[]}"},
		{"GetQueueUrl", `{"QueueName":"q","QueueUrl":"http://h/1/other"}`,
			"{sqs:GetQueueUrl " + queue + " map[]}"},
		{"StartMessageMoveTask",
			`{"SourceArn":"` + queue + `","DestinationArn":"` + queue + `2"}`,
			"{sqs:StartMessageMoveTask " + queue + " map[]} " +
				"{sqs:ReceiveMessage " + queue + " map[]} " +
				"{sqs:DeleteMessage " + queue + " map[]} " +
				"{sqs:GetQueueAttributes " + queue + " map[]} " +
				"{sqs:SendMessage " + queue + "2 map[]}"},
		{"StartMessageMoveTask", `{"SourceArn":"a","TaskHandle":"` + handle + `"}`,
			"{sqs:StartMessageMoveTask a map[]} {sqs:ReceiveMessage a map[]} " +
				"{sqs:DeleteMessage a map[]} {sqs:GetQueueAttributes a map[]}"},
		{"ListMessageMoveTasks", `{"SourceArn":"` + queue + `"}`,
			"{sqs:ListMessageMoveTasks " + queue + " map[]}"},
		{"CancelMessageMoveTask", `{"TaskHandle":"` + handle + `"}`,
			"{sqs:CancelMessageMoveTask " + queue + " map[]}"},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
		got, err := permissions(scope, c.operation, r)
		if err != nil || fmt.Sprint(got) != "["+c.want+"]" {
			t.Errorf("%s %s: got %v, %v, want %s", c.operation, c.body, got, err, c.want)
		}
	}
}
