package faults

import (
	"context"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// Queue delivers some messages of a queue twice, as standard SQS queues can do.
type Queue struct {
	MessageSource
	injector *Injector
	function string // receiver of the messages

	mu           sync.Mutex
	redeliveries []sqs.Message
}

// MessageSource provides the messages of a queue.
type MessageSource interface {
	ARN() string
	Receive(ctx context.Context, limit int, wait time.Duration) ([]sqs.Message, error)
	Delete(receiptHandles ...string) error
}

// Queue returns a queue that delivers some of the source's messages twice to the function.
func (i *Injector) Queue(source MessageSource, function string) *Queue {
	return &Queue{MessageSource: source, injector: i, function: function}
}

// Receive returns messages of the queue. If duplicates are waiting, it returns only duplicates.
func (q *Queue) Receive(ctx context.Context, limit int, wait time.Duration) ([]sqs.Message, error) {
	if repeats := q.takeRedeliveries(limit); len(repeats) > 0 {
		return repeats, nil
	}
	messages, err := q.MessageSource.Receive(ctx, limit, wait)
	for _, m := range messages {
		if q.injector.random().Float64() >= q.injector.config.DuplicateDeliveryRate {
			continue
		}
		q.injector.report(Injection{q.function, sqs.Name, "ReceiveMessage", "duplicate-delivery"})
		q.mu.Lock()
		q.redeliveries = append(q.redeliveries, m)
		q.mu.Unlock()
	}
	return messages, err
}

func (q *Queue) takeRedeliveries(limit int) []sqs.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(limit, len(q.redeliveries))
	repeats := q.redeliveries[:n:n]
	q.redeliveries = q.redeliveries[n:]
	return repeats
}
