// Package inmem implements the pipeline's ports in memory, by the same contracts as the AWS adapters: internal/porttest
// holds both to them.
package inmem

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

// Bucket is a pipeline.BronzeWriter, pipeline.BronzeReader and pipeline.SilverWriter. Its zero value is empty.
type Bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
}

// Put stores body under key unless the key is taken.
func (b *Bucket) Put(_ context.Context, key string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, taken := b.objects[key]; taken {
		return pipeline.ErrExists
	}
	if b.objects == nil {
		b.objects = make(map[string][]byte)
	}
	b.objects[key] = bytes.Clone(body)
	return nil
}

// Get returns the object under key.
func (b *Bucket) Get(_ context.Context, key string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, ok := b.objects[key]
	if !ok {
		return nil, pipeline.ErrNotFound
	}
	return bytes.Clone(body), nil
}

// Keys returns all keys in order.
func (b *Bucket) Keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects))
}

// Events is a pipeline.ItemCreator and pipeline.ItemStore, and finds an event by its id. Its zero value is empty.
type Events struct {
	mu    sync.Mutex
	items map[string]pipeline.Item
}

// Create stores the item of a new event.
func (e *Events) Create(_ context.Context, item pipeline.Item) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, taken := e.items[item.ID]; taken {
		return pipeline.ErrExists
	}
	e.put(item)
	return nil
}

func (e *Events) put(item pipeline.Item) {
	if e.items == nil {
		e.items = make(map[string]pipeline.Item)
	}
	e.items[item.ID] = item
}

// Get returns an event's item.
func (e *Events) Get(_ context.Context, id string) (pipeline.Item, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	item, ok := e.items[id]
	if !ok {
		return pipeline.Item{}, pipeline.ErrNotFound
	}
	return item, nil
}

// GetMany returns the items that exist, by event id.
func (e *Events) GetMany(_ context.Context, ids []string) (map[string]pipeline.Item, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	found := make(map[string]pipeline.Item)
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return nil, errors.New("an id is given twice")
		}
		if item, ok := e.items[id]; ok {
			found[id] = item
		}
	}
	return found, nil
}

// Finish moves an event to PROCESSED or FAILED if it is ENQUEUED or has no item.
func (e *Events) Finish(_ context.Context, item pipeline.Item) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if old, ok := e.items[item.ID]; ok && old.Status != pipeline.Enqueued {
		return &pipeline.TransitionError{EventID: item.ID, From: old.Status, To: item.Status}
	}
	e.put(item)
	return nil
}

// Queue is a pipeline.Sender and pipeline.Retrier that only remembers. Its zero value is empty.
type Queue struct {
	mu     sync.Mutex
	sent   []pipeline.Event
	delays map[string]time.Duration
}

// Send remembers the event.
func (q *Queue) Send(_ context.Context, event pipeline.Event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, event)
	return nil
}

// Delay remembers the delay of the receipt.
func (q *Queue) Delay(_ context.Context, receipt string, d time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.delays == nil {
		q.delays = make(map[string]time.Duration)
	}
	q.delays[receipt] = d
	return nil
}

// Sent returns what was sent, in order.
func (q *Queue) Sent() []pipeline.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.sent)
}

// Delays returns the last delay of each receipt.
func (q *Queue) Delays() map[string]time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.delays)
}

// Bus is a pipeline.Bus that only remembers. Its zero value is empty.
type Bus struct {
	mu        sync.Mutex
	published []pipeline.Notice
}

// Publish remembers the notices.
func (b *Bus) Publish(_ context.Context, notices []pipeline.Notice) []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.published = append(b.published, notices...)
	return make([]error, len(notices))
}

// Published returns the notices in order.
func (b *Bus) Published() []pipeline.Notice {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.published)
}
