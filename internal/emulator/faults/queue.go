package faults

import (
	"context"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// Queue delivers some messages of a queue once more, later, as SQS's standard queues do now and then.
type Queue struct {
	Source
	injector *Injector
	function string // that it delivers to

	mu    sync.Mutex
	again []sqs.Message
}

// Source is a queue to receive from.
type Source interface {
	ARN() string
	Receive(ctx context.Context, limit int, wait time.Duration) ([]sqs.Message, error)
	Delete(receipts ...string) error
}

// Queue stands before a queue that a function takes messages from.
func (i *Injector) Queue(source Source, function string) *Queue {
	return &Queue{Source: source, injector: i, function: function}
}

// Receive returns messages of the queue, or some that it returned before.
func (q *Queue) Receive(ctx context.Context, limit int, wait time.Duration) ([]sqs.Message, error) {
	if repeats := q.repeats(limit); len(repeats) > 0 {
		return repeats, nil
	}
	messages, err := q.Source.Receive(ctx, limit, wait)
	for _, m := range messages {
		if q.injector.random().Float64() >= q.injector.config.DuplicateDeliveryRate {
			continue
		}
		q.injector.report(Hit{Function: q.function, Service: "sqs", Operation: "ReceiveMessage", Fault: "duplicate-delivery"})
		q.mu.Lock()
		q.again = append(q.again, m)
		q.mu.Unlock()
	}
	return messages, err
}

func (q *Queue) repeats(limit int) []sqs.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(limit, len(q.again))
	repeats := q.again[:n:n]
	q.again = q.again[n:]
	return repeats
}
