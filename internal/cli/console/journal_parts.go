package console

import (
	"cmp"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// addPart adds an event or range that was split off a batch.
func (j *journal) addPart(e *event, batchID string, span pipeline.Span) {
	e.Batch, e.span = batchID, span
	if span.Len() > 1 {
		e.Count = span.Len()
	}
	if batch := j.events[batchID]; batch != nil {
		e.receivedAt, e.Time = batch.receivedAt, batch.Time
	}
	j.splitOff[batchID] = append(j.splitOff[batchID], e)
}

// forgetPart removes the event from the parts of its batch.
func (j *journal) forgetPart(e *event) {
	if e.Batch == "" {
		return
	}
	rest := slices.DeleteFunc(j.splitOff[e.Batch], func(part *event) bool { return part == e })
	if j.splitOff[e.Batch] = rest; len(rest) == 0 {
		delete(j.splitOff, e.Batch)
	}
}

// parts returns the rows of the events and ranges that were split off the batch.
func (j *journal) parts(batchID string) (rows []row) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	for _, part := range j.splitOff[batchID] {
		if len(rows) < maxBatchRows {
			rows = append(rows, j.rowOf(part))
		}
	}
	return rows
}

// eventOrBatch returns a copy of the event with the id, or of the batch or range that still
// contains the event. If the journal knows none of them, the copy is empty.
func (j *journal) eventOrBatch(id string) knownEvent {
	j.mu.RLock()
	found := j.events[id]
	if batchID, span, isPart, _ := pipeline.ParseID(id); isPart && found == nil {
		found = j.events[batchID]
		for _, part := range j.splitOff[batchID] { // a smaller range comes after a larger one
			if contains(part.span, span) {
				found = part
			}
		}
	}
	j.mu.RUnlock()
	if found == nil {
		return knownEvent{}
	}
	known, _ := j.get(found.ID)
	return known
}

// rowOf returns the row of an event. The caller holds j.mu.
func (j *journal) rowOf(e *event) row {
	r := e.row
	if e.Count == 0 {
		return r
	}
	for _, part := range j.splitOff[cmp.Or(e.Batch, e.ID)] {
		isInside := e.Batch == "" || part != e && contains(e.span, part.span)
		if isInside && part.isFailed() {
			r.Failed += part.span.Len()
		}
	}
	return r
}

func (e *event) isFailed() bool { return e.Status == string(pipeline.Failed) }

// reportToBatch records a change of the part's batch, and of the ranges that contain the part. The
// caller holds j.mu.
func (j *journal) reportToBatch(part *event) {
	if part.Batch == "" {
		return
	}
	if batch := j.events[part.Batch]; batch != nil {
		j.markChanged(batch)
	}
	for _, other := range j.splitOff[part.Batch] {
		if other != part && contains(other.span, part.span) {
			j.markChanged(other)
		}
	}
}

// markChanged records that the event has changed. The caller holds j.mu.
func (j *journal) markChanged(e *event) {
	e.seq = j.seq
	j.changes.MoveToFront(e.inChanges)
}

// contains reports whether all events of the span inner are also in the span outer.
func contains(outer, inner pipeline.Span) bool {
	return outer.First <= inner.First && inner.Last <= outer.Last
}
