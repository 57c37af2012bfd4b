// Package inmem implements the pipeline's ports in memory, by the same contracts as the AWS adapters: internal/testing/porttest
// holds both to them.
package inmem

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Bucket is each of the pipeline's ports to Bronze and Silver. Its zero value is empty.
type Bucket struct {
	Now     func() time.Time // of writing; nil is time.Now
	mu      sync.Mutex
	objects map[string][]byte
	written map[string]time.Time
	version int
	etags   map[string]string
}

// Put stores body under key unless the key is taken.
func (b *Bucket) Put(_ context.Context, key string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, taken := b.objects[key]; taken {
		return pipeline.ErrExists
	}
	b.put(key, body)
	return nil
}

func (b *Bucket) put(key string, body []byte) {
	if b.objects == nil {
		b.objects, b.written, b.etags = make(map[string][]byte), make(map[string]time.Time), make(map[string]string)
	}
	now := time.Now
	if b.Now != nil {
		now = b.Now
	}
	b.version++
	b.objects[key], b.written[key], b.etags[key] = bytes.Clone(body), now(), strconv.Itoa(b.version)
}

// GetVersion returns the object under key and its version.
func (b *Bucket) GetVersion(_ context.Context, key string) ([]byte, string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, ok := b.objects[key]
	if !ok {
		return nil, "", pipeline.ErrNotFound
	}
	return bytes.Clone(body), b.etags[key], nil
}

// Replace stores body under key in place of that version.
func (b *Bucket) Replace(_ context.Context, key string, body []byte, version string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.etags[key] != version {
		return pipeline.ErrChanged
	}
	b.put(key, body)
	return nil
}

// Delete removes an object, as no port of the pipeline may.
func (b *Bucket) Delete(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, key)
	delete(b.etags, key)
}

// listed is how many entries a page of a listing has, so few that tests see more than one.
const listed = 3

// Types returns event types after that one.
func (b *Bucket) Types(_ context.Context, after string) ([]string, error) {
	var types []string
	for _, key := range b.Keys() {
		parts := strings.Split(key, "/")
		if len(parts) > 2 && parts[0] == "bronze" && parts[1]+"/" > after+"/" && !slices.Contains(types, parts[1]) && len(types) < listed {
			types = append(types, parts[1])
		}
	}
	return types, nil
}

// List returns objects under prefix after that key.
func (b *Bucket) List(_ context.Context, prefix, after string) ([]pipeline.Object, error) {
	var objects []pipeline.Object
	for _, key := range b.Keys() {
		if strings.HasPrefix(key, prefix) && key > after && len(objects) < listed {
			objects = append(objects, pipeline.Object{Key: key, LastModified: b.written[key]})
		}
	}
	return objects, nil
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

// Items is each of the pipeline's ports to items. Its zero value is empty.
type Items struct {
	mu    sync.Mutex
	items map[string]pipeline.Item
}

// Create stores the item unless the event has one that has not expired.
func (e *Items) Create(_ context.Context, item pipeline.Item) (pipeline.Item, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if old, taken := e.items[item.ID]; taken && !old.Expired(item.EnqueuedAt) {
		return old, pipeline.ErrExists
	}
	e.put(item)
	return pipeline.Item{}, nil
}

// Find returns an event's item.
func (e *Items) Find(ctx context.Context, id string) (pipeline.Item, error) { return e.Get(ctx, id) }

func (e *Items) put(item pipeline.Item) {
	if e.items == nil {
		e.items = make(map[string]pipeline.Item)
	}
	e.items[item.ID] = item
}

// Get returns an event's item.
func (e *Items) Get(_ context.Context, id string) (pipeline.Item, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	item, ok := e.items[id]
	if !ok {
		return pipeline.Item{}, pipeline.ErrNotFound
	}
	return item, nil
}

// GetMany returns the items that exist, by event id.
func (e *Items) GetMany(_ context.Context, ids []string) (map[string]pipeline.Item, error) {
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

// Delete removes an item, as time to live does.
func (e *Items) Delete(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.items, id)
}

// Finish moves an event to PROCESSED or FAILED if it is ENQUEUED in the item's generation or has no item.
func (e *Items) Finish(_ context.Context, item pipeline.Item) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	old, ok := e.items[item.ID]
	if ok && (old.Status != pipeline.Enqueued || !old.Replay.SameGeneration(item.Replay)) {
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
	e.put(item)
	return nil
}

// Move writes to in place of from, if the item is in from's state still.
func (e *Items) Move(_ context.Context, from, to pipeline.Item) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := pipeline.CheckMove(from, to); err != nil {
		return err
	}
	if old := e.items[from.ID]; !old.SameState(from) {
		return &pipeline.TransitionError{From: old, To: to.Status}
	}
	e.put(to)
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

// SendMany remembers the events.
func (q *Queue) SendMany(ctx context.Context, events []pipeline.Event) []error {
	errs := make([]error, len(events))
	for i, event := range events {
		errs[i] = q.Send(ctx, event)
	}
	return errs
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

// DeadLetterQueue is a pipeline.DeadLetterQueue that only remembers. Its zero value is empty.
type DeadLetterQueue struct {
	mu      sync.Mutex
	letters []pipeline.DeadLetter
}

// Send remembers the letter.
func (d *DeadLetterQueue) Send(_ context.Context, letter pipeline.DeadLetter) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.letters = append(d.letters, letter)
	return nil
}

// Sent returns the letters in order.
func (d *DeadLetterQueue) Sent() []pipeline.DeadLetter {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.letters)
}

// Checkpoints keeps the reconciler's checkpoint. Its zero value is empty.
type Checkpoints struct {
	mu      sync.Mutex
	current pipeline.Checkpoint
}

// Load returns the checkpoint.
func (c *Checkpoints) Load(context.Context) (pipeline.Checkpoint, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current, nil
}

// Save writes next in place of old.
func (c *Checkpoints) Save(_ context.Context, old, next pipeline.Checkpoint) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != old {
		return pipeline.ErrChanged
	}
	c.current = next
	return nil
}

// Bus is a pipeline.Bus that only remembers. Its zero value is empty.
type Bus struct {
	mu        sync.Mutex
	published []pipeline.Notification
}

// Publish remembers the notices.
func (b *Bus) Publish(_ context.Context, notices []pipeline.Notification) []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.published = append(b.published, notices...)
	return make([]error, len(notices))
}

// Published returns the notices in order.
func (b *Bus) Published() []pipeline.Notification {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.published)
}
