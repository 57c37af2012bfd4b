// Package inmem implements the pipeline's ports in memory. Package porttest tests it and the AWS
// adapters against the same contracts.
package inmem

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Queue implements pipeline.Sender, BatchSender and Retrier. It records the messages that it gets
// and delivers none. The zero value is empty.
type Queue struct {
	mu     sync.Mutex
	sent   []pipeline.Event
	delays map[string]time.Duration
}

// Send records the event.
func (q *Queue) Send(_ context.Context, event pipeline.Event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, event)
	return nil
}

// SendMany records the events.
func (q *Queue) SendMany(ctx context.Context, events []pipeline.Event) []error {
	errs := make([]error, len(events))
	for i, event := range events {
		errs[i] = q.Send(ctx, event)
	}
	return errs
}

// Delay records the delay of a message.
func (q *Queue) Delay(_ context.Context, receiptHandle string, d time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.delays == nil {
		q.delays = make(map[string]time.Duration)
	}
	q.delays[receiptHandle] = d
	return nil
}

// Sent returns the recorded events in order.
func (q *Queue) Sent() []pipeline.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.sent)
}

// Delays returns the last delay per receipt handle.
func (q *Queue) Delays() map[string]time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.delays)
}

// DeadLetterQueue implements pipeline.DeadLetterQueue. The zero value is empty.
type DeadLetterQueue struct {
	mu          sync.Mutex
	deadLetters []pipeline.DeadLetter
}

// Send records the dead letter.
func (d *DeadLetterQueue) Send(_ context.Context, deadLetter pipeline.DeadLetter) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deadLetters = append(d.deadLetters, deadLetter)
	return nil
}

// Sent returns the recorded dead letters in order.
func (d *DeadLetterQueue) Sent() []pipeline.DeadLetter {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.deadLetters)
}

// Checkpoints implements pipeline.CheckpointStore. The zero value is empty.
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

// Save replaces old by next.
func (c *Checkpoints) Save(_ context.Context, old, next pipeline.Checkpoint) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != old {
		return pipeline.ErrChanged
	}
	c.current = next
	return nil
}

// Bus implements pipeline.Bus. The zero value is empty.
type Bus struct {
	mu        sync.Mutex
	published []pipeline.Notification
}

// Publish records the notifications.
func (b *Bus) Publish(_ context.Context, notifications []pipeline.Notification) []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.published = append(b.published, notifications...)
	return make([]error, len(notifications))
}

// Published returns the recorded notifications in order.
func (b *Bus) Published() []pipeline.Notification {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.published)
}
