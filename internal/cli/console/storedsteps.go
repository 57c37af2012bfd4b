package console

import (
	"log/slog"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// addStoredSteps adds a step for each timestamp in the event's item. The caller makes sure that the
// journal has no steps of the event.
func (d *eventData) addStoredSteps(item pipeline.Item) {
	add := func(at time.Time, step activity.Step, text string) {
		view := stepView{
			Time: at, Name: step.Name, Text: text, Tone: toneOf(step), Source: "events table",
			begin: at,
		}
		if len(d.Steps) > 0 {
			view.Offset = "+" + formatDuration(max(at.Sub(item.ReceivedAt), 0))
		}
		d.Steps = append(d.Steps, view)
	}
	accepted := activity.Step{Name: activity.Accepted}
	add(item.ReceivedAt, accepted, describe(accepted))
	if last := item.LastEnqueued(); !last.Equal(item.ReceivedAt) {
		add(last, activity.Step{Name: stepEnqueued},
			"Enqueued again by a redrive, a replay or the reconciler")
	}
	finish := func(at time.Time, step activity.Step) {
		add(at, step, describe(step)+", "+quantity(item.Attempts, "attempt"))
	}
	switch {
	case item.Status == pipeline.Processed && item.Filtered != (pipeline.Filtered{}):
		finish(item.ProcessedAt, activity.Step{Name: activity.Filtered})
	case item.Status == pipeline.Processed:
		finish(item.ProcessedAt, activity.Step{Name: activity.Processed})
	case item.Status == pipeline.Failed:
		finish(item.FailedAt, activity.Step{Name: activity.Failed, Level: slog.LevelError})
	}
	placeBars(d.Steps)
	d.StepsNote = "These times are in the event's item. The log lines tell more:"
}
