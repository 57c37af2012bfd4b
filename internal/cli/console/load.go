package console

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// maxStored is the number of events after which LoadStored stops reading a pipeline's events.
// LoadStored reads whole hours, so it can read more.
const maxStored = 5000

// LoadStored adds the newest events that the pipelines stored before the local platform started.
// These events have a state, but no steps. Call LoadStored once, before Serve.
//
// It does nothing if Options.Resume is false. After an error, the list of events can be incomplete.
func (s *Server) LoadStored(ctx context.Context) error {
	if !s.o.Resume {
		return nil
	}
	for _, v := range s.views() {
		items, err := v.storedItems(ctx)
		s.journal.addStored(items, v.Slug)
		if err != nil {
			return fmt.Errorf("load the stored events of the pipeline %s: %w", v.Title, err)
		}
	}
	return nil
}

// storedItems returns the newest events in Bronze.
func (v *view) storedItems(ctx context.Context) (items []pipeline.Item, err error) {
	types, err := v.bronzeTypes(ctx)
	if err != nil {
		return nil, err
	}
	hours, err := events.Hours(ctx, v.Pipeline, types)
	if err != nil {
		return nil, err
	}
	for _, hour := range hours {
		found, _, err := events.InHour(ctx, v.Pipeline, types, hour, searchKeys)
		if items = append(items, found...); err != nil || len(items) >= maxStored {
			return items, err
		}
	}
	return items, nil
}

// addStored adds the events that the items describe. If the journal has recorded the end of an
// event, addStored keeps the recorded state, because it is newer than the item.
func (j *journal) addStored(items []pipeline.Item, slug string) {
	slices.SortStableFunc(items, func(a, b pipeline.Item) int { // a batch comes before its parts
		return cmp.Or(a.ReceivedAt.Compare(b.ReceivedAt), b.Events()-a.Events())
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	for _, item := range items {
		e, isKnown := j.events[item.ID]
		if !isKnown {
			e = j.newEvent(item.ID, slug)
		}
		e.addStored(item)
		j.markChanged(e)
	}
	j.forget()
}

// addStored sets the event's values from its item. If the journal has recorded the end of the
// event, addStored keeps the status and the duration.
func (e *event) addStored(item pipeline.Item) {
	known := *e
	stored := itemEvent(item, e.pipeline)
	e.row, e.receivedAt = stored.row, stored.receivedAt
	e.Cursor, e.Batch = known.Cursor, known.Batch
	if e.Count == 0 {
		e.Count = known.Count
	}
	if known.wasFinished {
		e.Status, e.Took, e.Code = known.Status, known.Took, known.Code
		e.Attempts, e.Mark = known.Attempts, cmp.Or(known.Mark, e.Mark)
		return
	}
	if events.Mark(item) != "" {
		e.reopenedAt = item.LastEnqueued()
	}
	switch item.Status {
	case pipeline.Processed:
		e.wasFinished, e.finishedAt = true, item.ProcessedAt
	case pipeline.Failed:
		e.wasFinished, e.finishedAt = true, item.FailedAt
	}
}
