// Package inmem implements the pipeline's interfaces to AWS services in memory. Package porttest
// runs the same tests for these implementations and for the AWS adapters.
package inmem

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// recorder records the values that a fake service receives. The zero value is empty.
type recorder[T any] struct {
	mu       sync.Mutex
	recorded []T
}

func (r *recorder[T]) add(elements ...T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recorded = append(r.recorded, elements...)
}

func (r *recorder[T]) elements() []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.recorded)
}

// Queue implements pipeline.Sender, BatchSender and Retrier. It records messages and never
// delivers them. The zero value is empty.
type Queue struct {
	events recorder[pipeline.Event]
	mu     sync.Mutex
	delays map[string]time.Duration
}

// Send records the event.
func (q *Queue) Send(_ context.Context, event pipeline.Event) error {
	q.events.add(event)
	return nil
}

// SendMany records the events.
func (q *Queue) SendMany(_ context.Context, events []pipeline.Event) []error {
	q.events.add(events...)
	return make([]error, len(events))
}

// Sent returns the recorded events in order.
func (q *Queue) Sent() []pipeline.Event { return q.events.elements() }

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

// Delays returns the last delay per receipt handle.
func (q *Queue) Delays() map[string]time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.delays)
}

// DeadLetterQueue implements pipeline.DeadLetterQueue. The zero value is empty.
type DeadLetterQueue struct{ recorder[pipeline.DeadLetter] }

// Send records the dead letter.
func (d *DeadLetterQueue) Send(_ context.Context, deadLetter pipeline.DeadLetter) error {
	d.add(deadLetter)
	return nil
}

// Sent returns the recorded dead letters in order.
func (d *DeadLetterQueue) Sent() []pipeline.DeadLetter { return d.elements() }

// Bus implements pipeline.Bus. The zero value is empty.
type Bus struct {
	recorder[pipeline.Notification]
}

// Publish records the notifications.
func (b *Bus) Publish(_ context.Context, notifications []pipeline.Notification) []error {
	b.add(notifications...)
	return make([]error, len(notifications))
}

// Published returns the recorded notifications in order.
func (b *Bus) Published() []pipeline.Notification { return b.elements() }

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

// Save replaces the stored checkpoint by the checkpoint next. It returns pipeline.ErrChanged if the
// stored checkpoint differs from the checkpoint old.
func (c *Checkpoints) Save(_ context.Context, old, next pipeline.Checkpoint) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != old {
		return pipeline.ErrChanged
	}
	c.current = next
	return nil
}
