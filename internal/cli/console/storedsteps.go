package console

import (
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// addStoredSteps adds the steps whose times the event's item contains. The page shows them if the
// console has not seen the steps themselves.
func (d *eventData) addStoredSteps(item pipeline.Item) {
	add := func(at time.Time, name, text, tone string) {
		view := stepView{Time: at, Name: name, Text: text, Tone: tone, Source: "events table"}
		if len(d.Steps) > 0 {
			view.Offset = "+" + formatDuration(max(at.Sub(item.ReceivedAt), 0))
		}
		d.Steps = append(d.Steps, view)
	}
	add(item.ReceivedAt, "accepted", "Stored in Bronze, the table and the queue", "")
	if last := item.LastEnqueued(); !last.Equal(item.ReceivedAt) {
		add(last, "enqueued", "Enqueued again by a redrive, a replay or the reconciler", "")
	}
	attempts := ", " + plural(item.Attempts, "attempt")
	switch {
	case item.Status == pipeline.Processed && item.Filtered != (pipeline.Filtered{}):
		add(item.ProcessedAt, "filtered", "The processor filtered the event"+attempts, "good")
	case item.Status == pipeline.Processed:
		add(item.ProcessedAt, "processed", "Record stored in Silver, status PROCESSED"+attempts,
			"good")
	case item.Status == pipeline.Failed:
		add(item.FailedAt, "failed", "Failed; the message is in the DLQ"+attempts, "bad")
	}
	d.StepsNote = "These times are in the event's item. The log lines tell more:"
}
