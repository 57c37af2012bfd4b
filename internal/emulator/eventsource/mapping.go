// Package eventsource takes messages from a queue to a function, as Lambda's event source mapping for SQS does: it
// polls, gathers batches, invokes the function with them, and deletes from the queue what the function has processed.
package eventsource

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// Queue is where messages come from. An *sqs.Queue is one.
type Queue interface {
	ARN() string
	// Receive waits up to wait for the first of at most limit messages.
	Receive(ctx context.Context, limit int, wait time.Duration) ([]sqs.Message, error)
	Delete(receipts ...string) error
}

// Mapping connects a queue with a function.
type Mapping struct {
	Queue    Queue
	Function string
	Region   string // for the events
	Invoke   func(ctx context.Context, function string, payload []byte) (Result, error)

	BatchSize   int           // the most messages in an invocation; 10 when zero
	BatchWindow time.Duration // how long a batch may wait to fill up; when zero it takes what is there
	// Linger is how long a batch without a Window waits to fill up while other invocations run. It keeps a stream of events
	// that come one by one from taking an invocation each.
	Linger time.Duration
	// MaxConcurrency bounds the invocations under way at once; there are as many as the backlog fills. 5 when zero, which
	// is what Lambda starts with; at least 2, which is the least that Lambda takes.
	MaxConcurrency int
	// ReportBatchItemFailures lets the function's response name the messages that failed. Otherwise the response is ignored.
	ReportBatchItemFailures bool

	DrainTimeout time.Duration    // how long invocations may go on after a stop; 10 s when zero
	Now          func() time.Time // time.Now when nil

	// OnDeliver, when set, is told of every message before the function gets it; its ReceiveCount is the attempt's number.
	OnDeliver func(function string, m sqs.Message)
	// OnBatch, when set, is told of every batch after the function had it. Both are called by many goroutines at once.
	OnBatch func(BatchResult)
}

// Result is what an invocation gave.
type Result struct {
	Payload       []byte
	FunctionError string // set when the function failed; Payload is its error then
	RequestID     string
	Duration      time.Duration
}

// longestPoll is SQS's limit for a long poll.
const longestPoll = 20 * time.Second

// Run polls until ctx is done, waits for the invocations under way, and returns nil. It returns an error when the queue
// cannot be received from.
func (m Mapping) Run(ctx context.Context) error {
	m = m.withDefaults()
	running, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	polling, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(polling, func() { time.AfterFunc(m.DrainTimeout, kill) })

	var invocations sync.WaitGroup
	err := m.poll(polling, func(b batch, done func()) {
		invocations.Go(func() {
			defer done()
			m.process(running, b)
		})
	})
	stop()
	invocations.Wait()
	return err
}

func (m Mapping) withDefaults() Mapping {
	if m.BatchSize == 0 {
		m.BatchSize = 10
	}
	if m.MaxConcurrency == 0 {
		m.MaxConcurrency = 5
	}
	m.MaxConcurrency = max(m.MaxConcurrency, 2)
	if m.DrainTimeout == 0 {
		m.DrainTimeout = 10 * time.Second
	}
	if m.Now == nil {
		m.Now = time.Now
	}
	if m.OnDeliver == nil {
		m.OnDeliver = func(string, sqs.Message) {}
	}
	if m.OnBatch == nil {
		m.OnBatch = func(BatchResult) {}
	}
	return m
}

// poll starts batches until ctx is done. It receives only when an invocation could begin: messages that wait for one
// would use up their visibility timeout.
func (m Mapping) poll(ctx context.Context, start func(b batch, done func())) error {
	slots := make(chan struct{}, m.MaxConcurrency)
	release := func() { <-slots }
	for ctx.Err() == nil {
		slots <- struct{}{}
		messages, err := m.receiveBatch(ctx, m.batchWindow(len(slots) > 1))
		batches, encodeErr := m.batches(messages)
		for i, b := range batches {
			if i > 0 {
				slots <- struct{}{}
			}
			start(b, release)
		}
		if len(batches) == 0 {
			release()
		}
		if err := errors.Join(err, encodeErr); err != nil {
			return fmt.Errorf("poll %s for %s: %w", m.Queue.ARN(), m.Function, err)
		}
	}
	return nil
}

// batchWindow is how long the next batch may wait to fill up.
func (m Mapping) batchWindow(busy bool) time.Duration {
	if m.BatchWindow == 0 && busy {
		return m.Linger
	}
	return m.BatchWindow
}

// receiveBatch receives the messages of a batch. It returns those it has when ctx is done: they have been received, and would
// be invisible for long if nobody took them.
func (m Mapping) receiveBatch(ctx context.Context, window time.Duration) ([]sqs.Message, error) {
	var messages []sqs.Message
	var windowEnd time.Time
	wait, size := longestPoll, 0
	for len(messages) < m.BatchSize && size < maxPayload {
		limit := min(10, m.BatchSize-len(messages))
		got, err := m.Queue.Receive(ctx, limit, wait)
		if ctx.Err() != nil || len(messages) > 0 {
			err = nil // an error of the queue comes again with the next batch
		}
		if windowEnd.IsZero() {
			windowEnd = m.Now().Add(window)
		}
		for _, message := range got {
			size += len(message.Body)
		}
		messages = append(messages, got...)
		wait = max(0, windowEnd.Sub(m.Now()))
		full := len(got) == limit
		if err != nil || ctx.Err() != nil || len(got) == 0 {
			return messages, err
		}
		if wait == 0 && (window > 0 || !full) {
			return messages, nil
		}
	}
	return messages, nil
}
