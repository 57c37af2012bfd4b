// Package eventsource emulates Lambda's event source mapping for SQS. A mapping polls a queue and
// invokes a function with batches of messages. It deletes the messages that the function processed.
package eventsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// Queue provides messages. An *sqs.Queue implements it.
type Queue interface {
	ARN() string
	// Receive returns at most limit messages. It waits at most maxWait for the first message.
	Receive(ctx context.Context, limit int, maxWait time.Duration) ([]sqs.Message, error)
	Delete(receiptHandles ...string) error
}

// Mapping connects a queue to a function.
type Mapping struct {
	ID        string
	Queue     Queue
	Function  string
	Qualifier string // version or alias of the function; can be ""
	Region    string
	Invoke    func(ctx context.Context, function string, payload []byte) (Result, error)

	BatchSize   int           // maximum number of messages per invocation; default 10
	BatchWindow time.Duration // how long a batch waits for more messages
	// Linger replaces a BatchWindow of 0 while other invocations run. Without Linger, each message
	// could get its own invocation.
	Linger time.Duration
	// MaxConcurrency is the maximum number of concurrent invocations, at least 2 as in Lambda. The
	// default is 5, because Lambda starts with five concurrent batches.
	MaxConcurrency int
	// ConfiguredConcurrency is the template's MaxConcurrency, or 0 if the template has none.
	ConfiguredConcurrency int
	// If Disabled is true, the mapping starts only when a request enables it.
	Disabled bool
	// If ReportBatchItemFailures is true, the function's response lists the failed messages.
	// Otherwise, the mapping ignores the response.
	ReportBatchItemFailures bool

	DrainTimeout time.Duration    // time that running invocations get after a stop; default 10 s
	Now          func() time.Time // default time.Now

	// The mapping calls OnDeliver before it delivers a message, and OnBatch after an invocation.
	// Both are optional and must be safe for concurrent use.
	OnDeliver func(function string, m sqs.Message)
	OnBatch   func(BatchResult)
}

// reference returns the name of the function, with the version or alias if there is one.
func (m Mapping) reference() string {
	if m.Qualifier == "" {
		return m.Function
	}
	return m.Function + ":" + m.Qualifier
}

// Result holds the result of an invocation.
type Result struct {
	Payload       []byte
	FunctionError string // not "" if the function failed; Payload then holds the error
	RequestID     string
	Duration      time.Duration
}

// longestPoll is the maximum duration of a poll: SQS's limit for WaitTimeSeconds.
const longestPoll = 20 * time.Second

// Run polls the queue until ctx is done. Then it waits for the running invocations, and cancels
// them after DrainTimeout. It returns an error only if it cannot receive or encode a message.
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
	m.BatchSize = cmp.Or(m.BatchSize, 10)
	m.MaxConcurrency = max(cmp.Or(m.MaxConcurrency, 5), 2)
	m.DrainTimeout = cmp.Or(m.DrainTimeout, 10*time.Second)
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

// poll receives batches and starts their invocations until ctx is done. It receives messages only
// when an invocation can start, so that received messages do not wait.
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
			return fmt.Errorf("poll queue %s for function %s: %w", m.Queue.ARN(), m.Function, err)
		}
	}
	return nil
}

// batchWindow returns how long the next batch waits for more messages.
func (m Mapping) batchWindow(busy bool) time.Duration {
	if m.BatchWindow == 0 && busy {
		return m.Linger
	}
	return m.BatchWindow
}

// receiveBatch receives the messages of a batch. When ctx is done, it returns the messages that it
// has already received.
func (m Mapping) receiveBatch(ctx context.Context, window time.Duration) ([]sqs.Message, error) {
	var messages []sqs.Message
	var windowEnd time.Time
	wait, size := longestPoll, 0
	for len(messages) < m.BatchSize && size < maxPayload {
		limit := min(10, m.BatchSize-len(messages))
		got, err := m.Queue.Receive(ctx, limit, wait)
		if ctx.Err() != nil || len(messages) > 0 {
			err = nil // if the error remains, the next batch returns it
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
