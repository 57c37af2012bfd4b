package explore

import (
	"maps"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// table is the events table. Its conditions are those that internal/runtime/dynamodb sends.
type table struct {
	items      map[string]pipeline.Item
	before     map[string]pipeline.Item // what a stale read returns: the item before its last write, ID "" if there was none
	checkpoint pipeline.Checkpoint
	written    func(old, item pipeline.Item) // is told of every write
}

func (t *table) create(item pipeline.Item) (pipeline.Item, error) {
	old, taken := t.items[item.ID]
	if taken && !old.Expired(item.EnqueuedAt) {
		return old, pipeline.ErrExists
	}
	t.write(item)
	return pipeline.Item{}, nil
}

func (t *table) finish(item pipeline.Item) error {
	old, there := t.items[item.ID]
	if there && old.Status != pipeline.Enqueued {
		return &pipeline.TransitionError{From: old, To: item.Status}
	}
	if there && !old.Replay.SameGeneration(item.Replay) {
		return &pipeline.TransitionError{From: old, To: item.Status}
	}
	if item.EnqueuedAt.IsZero() {
		item.EnqueuedAt = old.EnqueuedAt
	}
	if item.Reenqueues == 0 {
		item.Reenqueues = old.Reenqueues
	}
	if item.ExpiresAt.IsZero() {
		item.ExpiresAt = old.ExpiresAt
	}
	t.write(item)
	return nil
}

func (t *table) move(from, to pipeline.Item) error {
	if err := pipeline.CheckMove(from, to); err != nil {
		return err
	}
	old := t.items[from.ID]
	if !old.SameState(from) {
		return &pipeline.TransitionError{From: old, To: to.Status}
	}
	t.write(to)
	return nil
}

func (t *table) find(id string, h how) (pipeline.Item, error) {
	item, ok := t.items[id]
	if old, written := t.before[id]; h.Kind == Stale && written {
		item, ok = old, old.ID != ""
	}
	if !ok {
		return pipeline.Item{}, pipeline.ErrNotFound
	}
	return item, nil
}

func (t *table) getMany(ids []string, h how) map[string]pipeline.Item {
	found := make(map[string]pipeline.Item)
	for _, id := range ids {
		if item, err := t.find(id, h); err == nil {
			found[id] = item
		}
	}
	return found
}

func (t *table) save(old, next pipeline.Checkpoint) error {
	if t.checkpoint != old {
		return pipeline.ErrChanged
	}
	t.checkpoint = next
	return nil
}

// write stores without any condition.
func (t *table) write(item pipeline.Item) {
	if t.items == nil {
		t.items, t.before = make(map[string]pipeline.Item), make(map[string]pipeline.Item)
	}
	old := t.items[item.ID]
	t.before[item.ID], t.items[item.ID] = old, item
	t.written(old, item)
}

// settle ends the time in which reads may be stale.
func (t *table) settle() { clear(t.before) }

// state tells apart what is in the table. While nobody has read an item, it does not matter when it was PROCESSED, nor
// when it FAILED once that is longer ago than the grace.
func (t *table) state(settled bool) uint64 {
	h := hash(t.checkpoint)
	for _, item := range t.items {
		if settled {
			item.ProcessedAt, item.Attempts = time.Time{}, 0
			if item.FailedAt.Before(time.Now().Add(-grace)) {
				item.FailedAt = time.Time{}
			}
		}
		h += hash(item)
	}
	for id, item := range t.before {
		h += hash(id, item)
	}
	return h
}

func (t *table) clone() table {
	clone := *t
	clone.items, clone.before = maps.Clone(t.items), maps.Clone(t.before)
	return clone
}
