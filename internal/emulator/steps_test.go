package emulator

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

func TestRecordFailedBatch_RecordsEventsAndNextDelivery(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	message := func(body string, hidden time.Duration) sqs.Message {
		return sqs.Message{Body: body, InvisibleUntil: noon.Add(hidden)}
	}
	timeout := errors.New("worker failed: Task timed out after 30.00 seconds")
	var many []sqs.Message
	for range 12 {
		many = append(many, message(`{"eventId":"e"}`, 0))
	}
	for want, messages := range map[string][]sqs.Message{
		`messages=3 retryInSeconds=90 error="` + timeout.Error() + `" events=["e-1","e-2"]`: {
			message(`{"eventId":"e-1"}`, 91*time.Second),
			message("no event", 92*time.Second),
			message(`{"eventId":"e-2"}`, 89500*time.Millisecond),
		},
		`messages=12 error="` + timeout.Error() + `" events=[` +
			strings.Repeat(`"e",`, 10) + `"and 2 more"]`: many,
	} {
		var steps []activity.Step
		s := &services{
			recorder: activity.NewRecorder(
				func(step activity.Step) { steps = append(steps, step) },
				func() time.Time { return noon },
			),
		}
		s.recordFailedBatch(
			eventsource.BatchResult{Function: "worker", Messages: messages, Err: timeout},
		)
		s.recorder.Close()
		if len(steps) != 1 || steps[0].Name != "batch failed" || detailText(steps[0]) != want {
			t.Errorf("steps %s, want %s", steps, want)
		}
	}
}

func TestFindEvent_ReadsNotificationsInBothFormats(t *testing.T) {
	for detail, want := range map[string]eventRef{
		`{"eventId":"e","eventType":"t","status":"PROCESSED"}`:                {"e", "t"},
		`{"status":{"eventId":"no"}, "eventType":"t", "eventId":"e"}`:         {"e", "t"},
		`{"specversion":"1.0","data":{"eventId":"e","eventType":"t"},"id":1}`: {"e", "t"},
		`{"eventId":"e","data":{"eventId":"no","eventType":"no"}}`:            {"e", ""},
		`{"eventId":1,"eventType":null,"data":[]}`:                            {},
		`{"order":7}`: {},
		`{}`:          {},
	} {
		if got := findEvent(jsontext.NewDecoder(strings.NewReader(detail))); got != want {
			t.Errorf("%s: got %+v, want %+v", detail, got, want)
		}
	}
}
