package events

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Follower finds events that are new or whose status changed. It ignores later
// changes of events that are PROCESSED or FAILED.
type Follower struct {
	pipeline deployment.Pipeline
	query    Query
	statuses map[string]pipeline.Status // by event id
	started  bool
}

// NewFollower returns a follower of the events that match the query. q.Until must be zero.
func NewFollower(p deployment.Pipeline, q Query) *Follower {
	return &Follower{pipeline: p, query: q, statuses: make(map[string]pipeline.Status)}
}

// Next returns the events that are new or changed after the last call, the oldest first. The first
// call returns all events of the query.
func (f *Follower) Next(ctx context.Context, now time.Time) (changed []pipeline.Item, err error) {
	types, err := typesOf(ctx, f.pipeline, f.query.Type)
	if err != nil {
		return nil, err
	}
	hour := now.UTC().Truncate(time.Hour)
	first := hour.Add(-time.Hour)
	if !f.started && f.query.Since.Before(first) {
		first = f.query.Since.UTC().Truncate(time.Hour)
	}
	f.started = true
	for at := first; !at.After(hour); at = at.Add(time.Hour) {
		ids, err := idsOf(ctx, f.pipeline, types, at, math.MaxInt)
		if err != nil {
			return nil, err
		}
		items, err := read(ctx, f.pipeline.Items(), slices.DeleteFunc(ids, f.isFinished))
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if f.statuses[item.ID] == item.Status {
				continue
			}
			f.statuses[item.ID] = item.Status
			if f.query.matches(item) {
				changed = append(changed, item)
			}
		}
	}
	slices.SortFunc(changed, func(a, b pipeline.Item) int {
		if order := a.ReceivedAt.Compare(b.ReceivedAt); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	return changed, nil
}

func (f *Follower) isFinished(id string) bool {
	return f.statuses[id] == pipeline.Processed || f.statuses[id] == pipeline.Failed
}
