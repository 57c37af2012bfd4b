package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// member is an event of a batch, or a range of events that was split off.
type member struct {
	ID, Index string
	splitOff  bool
}

// membersOf returns the members of a batch or range in the order of their indexes. It returns none
// for a single event.
func membersOf(item pipeline.Item) (members []member) {
	if !item.IsBatch() {
		return nil
	}
	batchID, _, _, _ := pipeline.ParseID(item.ID)
	span := spanOf(item)
	parts := make(map[int]pipeline.Span) // by the index of the part's first event
	for _, part := range item.Parts() {
		_, own, _, _ := pipeline.ParseID(part.ID)
		parts[own.First] = own
	}
	for i := span.First; i <= span.Last; i++ {
		next, splitOff := parts[i]
		if !splitOff {
			next = pipeline.Span{First: i, Last: i}
		}
		members = append(members, member{batchID + "." + next.String(), next.String(), splitOff})
		i = next.Last
	}
	return members
}

// memberRows writes the rows of a batch's events. An event that was split off has its own state.
// The other events have the state of the batch.
func (v *view) memberRows(w http.ResponseWriter, r *http.Request) {
	var found rowsResponse
	var err error
	if found.Rows, err = v.members(r.Context(), r.PathValue("id")); err != nil {
		found.Error = escape(err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(found) // the browser can be gone
}

func (v *view) members(ctx context.Context, id string) (rows []row, err error) {
	item, err := v.lookUp(ctx, id)
	if err != nil {
		return nil, err
	}
	parts, err := v.parts(ctx, item)
	if err != nil {
		return nil, err
	}
	own := v.rowOf(item)
	own.Count, own.Batch = 0, ""
	for _, m := range membersOf(item) {
		if part, ok := parts[m.ID]; ok {
			rows = append(rows, part)
			continue
		}
		own.ID = m.ID // if m was split off, its item does not exist yet
		rows = append(rows, own)
	}
	return rows, nil
}

// parts returns the row of a batch, and the rows of the events and ranges that were split off the
// batch. The map's keys are the ids.
func (v *view) parts(ctx context.Context, batch pipeline.Item) (map[string]row, error) {
	items, err := events.Parts(ctx, v.Pipeline, batch)
	if err != nil {
		return nil, fmt.Errorf("look up the events that were split off: %w", err)
	}
	items = append(items, batch)
	rows, failed := make(map[string]row), countFailed(items)
	for _, item := range items {
		r := v.rowOf(item)
		r.Failed = failed[item.ID]
		rows[item.ID] = r
	}
	return rows, nil
}

// countFailed counts the FAILED events that were split off each batch or range. The map's keys are
// the ids of the batches and ranges.
func countFailed(items []pipeline.Item) map[string]int {
	type holder struct {
		id   string
		span pipeline.Span
	}
	holders := make(map[pipeline.Location][]holder) // by the batch's object in Bronze
	for _, item := range items {
		if item.IsBatch() {
			holders[item.Bronze] = append(holders[item.Bronze], holder{item.ID, spanOf(item)})
		}
	}
	counts := make(map[string]int)
	for _, item := range items {
		_, span, isPart, _ := pipeline.ParseID(item.ID)
		if !isPart || item.Status != pipeline.Failed {
			continue
		}
		for _, h := range holders[item.Bronze] {
			if h.id != item.ID && contains(h.span, span) {
				counts[h.id] += span.Len()
			}
		}
	}
	return counts
}

// spanOf returns the indexes of the events in a batch or range.
func spanOf(batch pipeline.Item) pipeline.Span {
	_, span, isRange, _ := pipeline.ParseID(batch.ID)
	if !isRange {
		span.Last = batch.Count - 1
	}
	return span
}

// rowOf returns the row of an item. If the journal has the event's duration, the row has this
// duration too. The duration in the item is some milliseconds shorter.
func (v *view) rowOf(item pipeline.Item) row {
	r := itemEvent(item, v.Slug).row
	r.useTook(v.server.journal.eventOrBatch(item.ID).row)
	return r
}

// useTook sets r.Took to known.Took if known has a duration and the same status as r. It reports
// whether it has set r.Took.
func (r *row) useTook(known row) bool {
	if known.ID == "" || known.Status != r.Status || known.Took < 0 {
		return false
	}
	r.Took = known.Took
	return true
}
