package synth

import "testing"

// Buckets lists the ids of a pipeline's buckets.
var Buckets = []string{"BronzeBucket", "SilverBucket", "ServerAccessLogsBucket"}

// StatefulResources lists the ids of the resources that hold data. The removal policy applies to
// these resources.
var StatefulResources = []string{
	"BronzeBucket",
	"SilverBucket",
	"ServerAccessLogsBucket",
	"EventsTable",
	"Queue",
	"DeadLetterQueue",
	"NotificationDeadLetterQueue",
	"ApiLogGroup",
	"WorkerLogGroup",
	"ReconcilerLogGroup",
	"AccessLogGroup",
}

// ExpectRetained requires that CloudFormation keeps a resource when it deletes the stack. After a
// failed first deployment, it must delete the resource, because the next deployment needs the name.
func (s Template) ExpectRetained(t *testing.T, id string) {
	t.Helper()
	r := s.Resources[id]
	if r.DeletionPolicy != "RetainExceptOnCreate" || r.UpdateReplacePolicy != "Retain" {
		t.Errorf("%s must be retained, except after a failed creation, got %q and %q",
			id, r.DeletionPolicy, r.UpdateReplacePolicy)
	}
}
