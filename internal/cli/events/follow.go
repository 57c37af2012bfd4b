package events

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Follower finds events that are new or whose status changed. It ignores later changes of events
// that are PROCESSED or FAILED.
type Follower struct {
	pipeline deployment.Pipeline
	query    Query
	statuses map[string]pipeline.Status // of the events that the last call saw, by id
}

// NewFollower returns a follower of the events that match the query. q.Until must be zero.
func NewFollower(p deployment.Pipeline, q Query) *Follower {
	return &Follower{pipeline: p, query: q}
}

// Next returns the events that are new or have changed since the last call, the oldest first. The
// first call returns all events of the query.
func (f *Follower) Next(ctx context.Context, now time.Time) (changed []pipeline.Item, err error) {
	types, err := typesOf(ctx, f.pipeline, f.query.Type)
	if err != nil {
		return nil, err
	}
	hour := now.UTC().Truncate(time.Hour)
	first := hour.Add(-time.Hour)
	if f.statuses == nil && f.query.Since.Before(first) {
		first = f.query.Since.UTC().Truncate(time.Hour)
	}
	seen := make(map[string]pipeline.Status)
	visit := func(ids []string) error {
		items, err := readItems(ctx, f.pipeline, ids)
		for _, item := range items {
			if _, again := seen[item.ID]; again {
				continue
			}
			seen[item.ID] = item.Status
			if item.Status != f.statuses[item.ID] && f.query.matches(item) {
				changed = append(changed, item)
			}
		}
		return err
	}
	for at := first; !at.After(hour); at = at.Add(time.Hour) {
		ids, _, err := idsOf(ctx, f.pipeline, types, at, math.MaxInt)
		if err != nil {
			return nil, err
		}
		if err := visit(f.withoutFinished(ids, seen)); err != nil {
			return nil, err
		}
	}
	// The loop above skips the hours before first and the parts of finished batches. This call
	// reads the skipped events that were ENQUEUED at the last call of Next.
	if err := visit(f.enqueuedIDs(seen)); err != nil {
		return nil, err
	}
	f.statuses = seen
	slices.SortFunc(changed, func(a, b pipeline.Item) int {
		return cmp.Or(a.ReceivedAt.Compare(b.ReceivedAt), strings.Compare(a.ID, b.ID))
	})
	return changed, nil
}

// withoutFinished returns ids without the events that were PROCESSED or FAILED at the last call. It
// adds these events to seen.
func (f *Follower) withoutFinished(ids []string, seen map[string]pipeline.Status) []string {
	return slices.DeleteFunc(ids, func(id string) bool {
		status := f.statuses[id]
		isFinished := status == pipeline.Processed || status == pipeline.Failed
		if isFinished {
			seen[id] = status
		}
		return isFinished
	})
}

// enqueuedIDs returns the ids of the events that were ENQUEUED at the last call, except those in
// seen.
func (f *Follower) enqueuedIDs(seen map[string]pipeline.Status) (ids []string) {
	for id, status := range f.statuses {
		if _, ok := seen[id]; !ok && status == pipeline.Enqueued {
			ids = append(ids, id)
		}
	}
	return ids
}
