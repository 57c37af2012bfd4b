package console

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

func TestSteps_AreEncodedWithoutLoss(t *testing.T) {
	at := time.Unix(1_795_788_350, 123_456_789)
	for _, step := range []activity.Step{
		{Time: at},
		{Time: at, Name: "failed", EventID: eventID(1), EventType: "a\x00b\xff", Source: "worker",
			Level: slog.LevelError, Output: "line 1\nline 2", Details: []activity.Detail{
				activity.StringDetail("code", "rejected.x"), {Name: "", Value: []byte("null")},
			}},
		{Time: at, Name: "request", Level: slog.LevelDebug, Details: []activity.Detail{
			{Name: "body", Value: make([]byte, 100_000)},
		}},
	} {
		if diff := cmp.Diff(step, decodeStep(encodeStep(step))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.Name, diff)
		}
	}
}

// The journal must ignore the calls with which the reconciler reads items.
func TestRecord_IgnoresReadsOfTheReconciler(t *testing.T) {
	s := New(Options{Local: true})
	s.SetPipelines([]deployment.Pipeline{
		{Name: "p", APIFunction: "api", WorkerFunction: "worker", ReconcilerFunction: "reconciler"},
	})
	call := func(source, operation string) activity.Step {
		return activity.Step{Time: time.Now(), Name: activity.Call, Source: source,
			Details: []activity.Detail{
				activity.StringDetail("operation", operation),
				{Name: "events", Value: []byte(`["` + eventID(1) + `"]`)},
			}}
	}
	s.Record(call("api", "PutItem"))
	s.Record(call("worker", "BatchGetItem"))
	s.Record(call("reconciler", "BatchGetItem"))
	s.Record(call("reconciler", "SendMessage"))
	if e, _ := s.journal.get(eventID(1)); len(e.steps) != 3 {
		t.Errorf("got %d steps, want 3", len(e.steps))
	}
}
