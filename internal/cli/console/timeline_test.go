package console

import (
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// A request's time is its start. A log line's time is the end of the logged work.
func TestTimeline_PlacesBarsOnOneAxis(t *testing.T) {
	begin := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	number := func(name, value string) []activity.Detail {
		return []activity.Detail{{Name: name, Value: []byte(value)}}
	}
	var d eventData
	e := knownEvent{steps: []activity.Step{
		{Time: at(0), Name: activity.Request, Details: number("ms", "20.2")},
		{Time: at(18), Name: "accepted", Details: number("durationMs", "18")},
		{Time: at(40), Name: "published"},
		{Time: at(40), Name: "processed", Details: number("batchMs", "10")},
		{Time: at(100_000), Name: "enqueued again"}, // a new axis
		{Time: at(100_040), Name: "processed", Details: number("batchMs", "20")},
	}}
	d.addSteps(e, &view{})
	for i, want := range []bar{
		{X: 0, W: 505}, {X: 0, W: 450}, {X: 992, W: 8}, {X: 750, W: 250},
		{X: 0, W: 8}, {X: 500, W: 500}, // the new axis
	} {
		if got := d.Steps[i].Bar; got != want {
			t.Errorf("%s: got %+v, want %+v", d.Steps[i].Name, got, want)
		}
	}
}
