package inmem

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Items implements the pipeline's interfaces to the events table. The zero value is empty.
type Items struct {
	mu    sync.Mutex
	items map[string]pipeline.Item
}

// Create stores the item. If the event already has an item that has not expired, Create returns
// that item and pipeline.ErrExists.
func (i *Items) Create(_ context.Context, item pipeline.Item) (pipeline.Item, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if existing, ok := i.items[item.ID]; ok && !existing.Expired(item.EnqueuedAt) {
		return existing, pipeline.ErrExists
	}
	i.put(item)
	return pipeline.Item{}, nil
}

func (i *Items) put(item pipeline.Item) {
	if i.items == nil {
		i.items = make(map[string]pipeline.Item)
	}
	i.items[item.ID] = item
}

// Find returns an event's item.
func (i *Items) Find(ctx context.Context, id string) (pipeline.Item, error) {
	return i.Get(ctx, id)
}

// Get returns an event's item.
func (i *Items) Get(_ context.Context, id string) (pipeline.Item, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	item, ok := i.items[id]
	if !ok {
		return pipeline.Item{}, pipeline.ErrNotFound
	}
	return item, nil
}

// GetMany returns the items that exist, by event id.
func (i *Items) GetMany(_ context.Context, ids []string) (map[string]pipeline.Item, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	found := make(map[string]pipeline.Item)
	for n, id := range ids {
		if slices.Contains(ids[:n], id) {
			return nil, fmt.Errorf("ids must be distinct, got %s twice", id)
		}
		if item, ok := i.items[id]; ok {
			found[id] = item
		}
	}
	return found, nil
}

// Delete deletes an item, as the table does after the item has expired.
func (i *Items) Delete(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.items, id)
}

// Finish stores an item that is PROCESSED or FAILED. If the event already has an item, that item
// must be ENQUEUED and have the same generation.
func (i *Items) Finish(_ context.Context, item pipeline.Item) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	old, ok := i.items[item.ID]
	if ok && (old.Status != pipeline.Enqueued || !old.Replay.SameGeneration(item.Replay)) {
		return &pipeline.TransitionError{From: old, To: item.Status}
	}
	i.put(Merge(old, item))
	return nil
}

// Merge returns the item that the table contains after Finish: the parameter item. Some of its
// unset fields keep the values of old.
func Merge(old, item pipeline.Item) pipeline.Item {
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
	if item.Tries == (pipeline.Tries{}) {
		item.Tries = old.Tries
	}
	if item.ExpiresAt.IsZero() {
		item.ExpiresAt = old.ExpiresAt
	}
	return item
}

// Move replaces the stored item. If the state of the item has changed since old was read, Move
// returns a TransitionError.
func (i *Items) Move(_ context.Context, old, next pipeline.Item) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := pipeline.CheckMove(old, next); err != nil {
		return err
	}
	if current := i.items[old.ID]; !current.SameState(old) {
		return &pipeline.TransitionError{From: current, To: next.Status}
	}
	i.put(next)
	return nil
}

// SetTries replaces the tries of an ENQUEUED event. The generation and the tries of the stored item
// must equal those of item. If there is no stored item, SetTries stores item with the new tries.
func (i *Items) SetTries(_ context.Context, item pipeline.Item, tries pipeline.Tries) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	stored, ok := i.items[item.ID]
	if !ok {
		stored = item
	}
	if stored.Status != pipeline.Enqueued || !stored.Replay.SameGeneration(item.Replay) ||
		stored.Tries != item.Tries {
		return &pipeline.TransitionError{From: stored, To: pipeline.Enqueued}
	}
	stored.Tries = tries
	i.put(stored)
	return nil
}
