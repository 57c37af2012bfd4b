package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

const (
	// hideFor is the time for which SQS hides a received message from the scan and other clients.
	hideFor = 5 * time.Minute
	// maxHeld limits the messages that a scan hides at the same time. SQS allows 120,000 in-flight
	// messages per queue.
	maxHeld = 100_000
	// maxReceipts limits the messages that the scan makes visible when it has finished. The other
	// messages become visible after hideFor.
	maxReceipts = 10_000
	scanners    = 4 // concurrent requests for messages
)

// dlqScan visits the messages that were in the DLQ when the scan began, each message once. It skips
// newer messages, such as the message of an event that was redriven and failed again. A message
// that the scan has received is held: SQS hides it until the scan deletes or releases it.
type dlqScan struct {
	dlq          sqs.DeadLetterQueue
	items        dynamodb.Items
	bronzeBucket string
	limit        int // maximum number of messages to hold; at most maxHeld
	begin        time.Time
	hidden       int // approximate number of messages that other clients have received

	mu        sync.Mutex
	held      map[string]string // receipt handle or "" (see maxReceipts), by message id
	receipts  int               // non-empty handles in held
	truncated bool              // limit was reached
}

func newDLQScan(p deployment.Pipeline, begin time.Time, limit int) *dlqScan {
	return &dlqScan{
		dlq: p.DeadLetterQueue(), items: p.Items(), bronzeBucket: p.Bronze,
		limit: limit, begin: begin, held: make(map[string]string),
	}
}

// handlePage handles up to ten messages, and returns the messages that the scan is to delete.
type handlePage func(context.Context, []dlqMessage) (finished []dlqMessage, err error)

// run calls handle with each page of messages. Several calls run at the same time. At the end, even
// after an error, run makes all messages visible that the scan did not delete.
func (s *dlqScan) run(ctx context.Context, handle handlePage) error {
	running, scanning := errgroup.WithContext(ctx)
	for range scanners {
		running.Go(func() error {
			for scanning.Err() == nil {
				if more, err := s.next(scanning, handle); err != nil || !more {
					return err
				}
			}
			return nil
		})
	}
	err := running.Wait()
	inFlight, countErr := s.dlq.InFlight(ctx) // before release: it includes the held messages
	s.hidden = max(0, inFlight-len(s.held))
	s.release(ctx)
	return cmp.Or(ctx.Err(), err, countErr)
}

// visit calls fn with each message, one at a time. It deletes no message.
func (s *dlqScan) visit(ctx context.Context, fn func(dlqMessage) error) error {
	var mu sync.Mutex
	return s.run(ctx, func(_ context.Context, messages []dlqMessage) ([]dlqMessage, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range messages {
			if err := fn(m); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
}

// next receives and handles one page. It reports whether there may be more pages.
func (s *dlqScan) next(ctx context.Context, handle handlePage) (more bool, err error) {
	received, err := s.receive(ctx)
	if err != nil || len(received) == 0 {
		return false, err
	}
	messages, more := s.hold(received)
	if len(messages) == 0 {
		return more, nil
	}
	if err := s.lookUp(ctx, messages); err != nil {
		return false, err
	}
	finished, err := handle(ctx, messages)
	return more, errors.Join(err, s.remove(ctx, finished))
}

// receive receives up to ten messages. It ignores cancellation, because an abandoned request may
// still hide messages.
func (s *dlqScan) receive(ctx context.Context) ([]sqs.ReceivedDeadLetter, error) {
	ctx, cancel := withoutCancel(ctx)
	defer cancel()
	return s.dlq.Receive(ctx, hideFor)
}

// withoutCancel returns a context for work that must finish although ctx is cancelled. The work has
// 30 seconds.
func withoutCancel(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
}

// hold records the messages as held. It returns the messages that the scan visits for the first
// time.
func (s *dlqScan) hold(received []sqs.ReceivedDeadLetter) (messages []dlqMessage, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range received {
		_, known := s.held[m.MessageID]
		s.truncated = s.truncated || len(s.held) >= s.limit && !known
		s.forget(m.MessageID)
		s.remember(m)
		if !known && !s.truncated && !m.SentAt.After(s.begin) {
			messages = append(messages, newDLQMessage(m, s.bronzeBucket))
		}
	}
	return messages, !s.truncated
}

// remember stores the newest receipt handle of a message. The caller holds s.mu.
func (s *dlqScan) remember(m sqs.ReceivedDeadLetter) {
	if s.receipts == maxReceipts {
		s.held[m.MessageID] = ""
		return
	}
	s.held[m.MessageID] = m.ReceiptHandle
	s.receipts++
}

// forget removes a message from s.held. The caller holds s.mu.
func (s *dlqScan) forget(messageID string) {
	if s.held[messageID] != "" {
		s.receipts--
	}
	delete(s.held, messageID)
}

// lookUp sets the status and the stale flag of each message from its event's item.
func (s *dlqScan) lookUp(ctx context.Context, messages []dlqMessage) error {
	ids := make(map[string]bool)
	for _, m := range messages {
		if m.EventID != "" {
			ids[m.EventID] = true
		}
	}
	items, err := s.items.GetMany(ctx, slices.Sorted(maps.Keys(ids)))
	if err != nil {
		return err
	}
	for i, m := range messages {
		item, ok := items[m.EventID]
		messages[i].status = item.Status
		messages[i].stale = ok && item.Bronze != m.event.Bronze
	}
	return nil
}

// remove deletes messages that handle has finished. If it can't delete a message, a later scan
// visits the message again. This is harmless: redriving or dropping an event twice is safe.
func (s *dlqScan) remove(ctx context.Context, finished []dlqMessage) error {
	receipts := make([]string, len(finished))
	for i, m := range finished {
		receipts[i] = m.ReceiptHandle
	}
	// The events of these messages have been redriven or discarded, so a cancelled command must
	// still delete the messages.
	errs := s.dlq.Delete(context.WithoutCancel(ctx), receipts)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range finished {
		if errs[i] == nil {
			s.forget(m.MessageID)
		}
	}
	return cmp.Or(errs...) // a failed request returns the same error for all messages
}

// release makes the held messages visible.
func (s *dlqScan) release(ctx context.Context) {
	ctx, cancel := withoutCancel(ctx)
	defer cancel()
	var receipts []string
	for _, receipt := range s.held {
		if receipt != "" {
			receipts = append(receipts, receipt)
		}
	}
	var running sync.WaitGroup
	for part := range slices.Chunk(receipts, max(1, len(receipts)/scanners)) {
		running.Go(func() { s.dlq.Release(ctx, part) })
	}
	running.Wait()
}
