package explore

import (
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

// table simulates the events table. Its writes check the same conditions as package
// internal/runtime/dynamodb.
type table struct {
	items map[string]pipeline.Item
	// previous holds the items that stale reads return. Each is the state before the item's last
	// write. The zero Item means that there was no item.
	previous   map[string]pipeline.Item
	checkpoint pipeline.Checkpoint
	content    uint64                        // sum of hashes of the items and of the checkpoint
	stale      uint64                        // sum of hashes of previous
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
	t.write(inmem.Merge(old, item))
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
	t.content += hash(next) - hash(old)
	t.checkpoint = next
	return nil
}

// write stores an item without a condition.
func (t *table) write(item pipeline.Item) {
	if item.Webhook != nil {
		item.Webhook = stripe // hashes of items must not depend on the address of a copy
	}
	old, exists := t.items[item.ID]
	if t.content += hash(item); exists {
		t.content -= hash(old)
	}
	if before, ok := t.previous[item.ID]; ok {
		t.stale -= hash(item.ID, before)
	}
	t.stale += hash(item.ID, old)
	t.items, t.previous = copyWith(t.items, item.ID, item), copyWith(t.previous, item.ID, old)
	t.onWrite(old, item)
}

// endStaleReads makes reads return the current items until the next write.
func (t *table) endStaleReads() { t.previous, t.stale = nil, 0 }

// stateHash returns a hash of the content. If unread is true, no running actor has received a
// response from a service. Then the hash omits the fields on which no later step depends:
// ProcessedAt, Attempts, and a FailedAt that is older than the grace period.
func (t *table) stateHash(unread bool, now time.Time) uint64 {
	if !unread {
		return mix(t.content, t.stale)
	}
	h := hash(t.checkpoint)
	for _, item := range t.items {
		item.ProcessedAt, item.Attempts = time.Time{}, 0
		if item.FailedAt.Before(now.Add(-grace)) {
			item.FailedAt = time.Time{}
		}
		h += hash(item)
	}
	return mix(h, t.stale)
}
