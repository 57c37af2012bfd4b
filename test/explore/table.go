package explore

import (
	"cmp"
	"maps"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// table simulates the events table. Its writes have the same conditions as in
// internal/runtime/dynamodb.
type table struct {
	items map[string]pipeline.Item
	// previous holds each item before its last write, for stale reads. The zero Item means that the
	// event had no item.
	previous   map[string]pipeline.Item
	checkpoint pipeline.Checkpoint
	onWrite    func(old, item pipeline.Item) // called after each write
}

func (t *table) create(item pipeline.Item) (pipeline.Item, error) {
	old, exists := t.items[item.ID]
	if exists && !old.Expired(item.EnqueuedAt) {
		return old, pipeline.ErrExists
	}
	t.write(item)
	return pipeline.Item{}, nil
}

func (t *table) finish(item pipeline.Item) error {
	old, exists := t.items[item.ID]
	if exists && old.Status != pipeline.Enqueued {
		return &pipeline.TransitionError{From: old, To: item.Status}
	}
	if exists && !old.Replay.SameGeneration(item.Replay) {
		return &pipeline.TransitionError{From: old, To: item.Status}
	}
	item.RequestID = cmp.Or(item.RequestID, old.RequestID)
	item.BodySHA256 = cmp.Or(item.BodySHA256, old.BodySHA256)
	item.Rejected = cmp.Or(item.Rejected, old.Rejected)
	item.SplitOff = cmp.Or(item.SplitOff, old.SplitOff)
	if item.EnqueuedAt.IsZero() {
		item.EnqueuedAt = old.EnqueuedAt
	}
	if item.Reenqueues == 0 {
		item.Reenqueues = old.Reenqueues
	}
	if item.ExpiresAt.IsZero() {
		item.ExpiresAt = old.ExpiresAt
	}
	item.Tries = old.Tries
	t.write(item)
	return nil
}

func (t *table) setTries(item pipeline.Item, tries pipeline.Tries) error {
	stored, exists := t.items[item.ID]
	if !exists {
		stored = item
	}
	if stored.Status != pipeline.Enqueued || !stored.Replay.SameGeneration(item.Replay) {
		return &pipeline.TransitionError{From: stored, To: pipeline.Enqueued}
	}
	if stored.Tries != item.Tries {
		return &pipeline.TransitionError{From: stored, To: pipeline.Enqueued}
	}
	stored.Tries = tries
	t.write(stored)
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

func (t *table) find(id string, h outcome) (pipeline.Item, error) {
	item, ok := t.items[id]
	if old, written := t.previous[id]; h.Kind == Stale && written {
		item, ok = old, old.ID != ""
	}
	if !ok {
		return pipeline.Item{}, pipeline.ErrNotFound
	}
	return item, nil
}

func (t *table) getMany(ids []string, h outcome) map[string]pipeline.Item {
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

// write stores an item without a condition.
func (t *table) write(item pipeline.Item) {
	if t.items == nil {
		t.items, t.previous = make(map[string]pipeline.Item), make(map[string]pipeline.Item)
	}
	if item.Webhook != nil {
		item.Webhook = stripe // hashes of items must not depend on the address of a copy
	}
	old := t.items[item.ID]
	t.previous[item.ID], t.items[item.ID] = old, item
	t.onWrite(old, item)
}

// endStaleReads makes reads return the current items until the next write.
func (t *table) endStaleReads() { clear(t.previous) }

// state returns a hash of the content. unread means that no running actor has received an answer
// from a service. No later step then depends on ProcessedAt, on Attempts, or on a FailedAt that is
// older than the grace period. So the hash omits these fields.
func (t *table) state(unread bool) uint64 {
	h := hash(t.checkpoint)
	for _, item := range t.items {
		if unread {
			item.ProcessedAt, item.Attempts = time.Time{}, 0
			if item.FailedAt.Before(time.Now().Add(-grace)) {
				item.FailedAt = time.Time{}
			}
		}
		h += hash(item)
	}
	for id, item := range t.previous {
		h += hash(id, item)
	}
	return h
}

func (t *table) clone() table {
	clone := *t
	clone.items, clone.previous = maps.Clone(t.items), maps.Clone(t.previous)
	return clone
}
