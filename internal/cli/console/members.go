package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

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
	batchID, span, isRange, _ := pipeline.ParseID(item.ID)
	if !isRange {
		span.Last = item.Count - 1
	}
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
	var found rowsAnswer
	var err error
	if found.Rows, err = v.members(r.Context(), r.PathValue("id")); err != nil {
		found.Error = visible(err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(found) // the browser may be gone
}

func (v *view) members(ctx context.Context, id string) (rows []row, err error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	item, err := pipeline.LookUp(ctx, v.Items(), id)
	if err != nil {
		return nil, fmt.Errorf("look up the batch: %w", err)
	}
	parts, err := v.parts(ctx, item)
	if err != nil {
		return nil, err
	}
	own := itemEvent(item, v.Slug).row
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

// parts returns the rows of the events and ranges that were split off the batch. The map's keys are
// their ids. It leaves out a part that has no item, or whose id now belongs to another batch.
func (v *view) parts(ctx context.Context, batch pipeline.Item) (map[string]row, error) {
	var ids []string
	for _, part := range batch.Parts() {
		ids = append(ids, part.ID)
	}
	items, err := v.Items().GetMany(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look up the events that were split off: %w", err)
	}
	rows := make(map[string]row)
	for id, item := range items {
		if item.Bronze == batch.Bronze {
			rows[id] = itemEvent(item, v.Slug).row
		}
	}
	return rows, nil
}
