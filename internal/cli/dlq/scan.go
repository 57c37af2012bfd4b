package dlq

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
	// MaxHeld is the maximum number of messages that a scan hides at the same time. SQS allows
	// 120,000 in-flight messages per queue.
	MaxHeld = 100_000
	// maxHandles is the maximum number of messages that a finished scan makes visible. The others
	// become visible after hideFor.
	maxHandles = 10_000
	scanners   = 4 // concurrent requests for messages
)

// Scan visits the messages that were in the DLQ when the scan began, each message once. Received
// messages are held: SQS hides a held message until the scan deletes or releases it.
type Scan struct {
	Limit int // maximum number of messages to hold; at most MaxHeld

	// Hidden and Truncated are valid when the scan has ended.
	Hidden    int  // approximate number of messages that other clients have received
	Truncated bool // Limit was reached

	dlq          sqs.DeadLetterQueue
	items        dynamodb.Items
	bronzeBucket string
	begin        time.Time

	mu          sync.Mutex        // protects held, heldHandles and Truncated
	held        map[string]string // receipt handles by message id; "" beyond maxHandles
	heldHandles int               // handles in held that are not ""
}

// NewScan returns a scan of the messages that were in the DLQ at the time begin. limit is the
// maximum number of messages that the scan holds.
func NewScan(p deployment.Pipeline, begin time.Time, limit int) *Scan {
	return &Scan{
		dlq: p.DeadLetterQueue(), items: p.Items(), bronzeBucket: p.Bronze,
		Limit: limit, begin: begin, held: make(map[string]string),
	}
}

// HandlePage handles up to ten messages, and returns the messages that the scan must delete.
type HandlePage func(context.Context, []Message) (finished []Message, err error)

// Run calls handle with each page of messages. Several calls run at the same time. At the end, even
// after an error, Run makes the remaining messages visible again.
func (s *Scan) Run(ctx context.Context, handle HandlePage) error {
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
	inFlight, countErr := s.dlq.InFlight(ctx) // before release, because it counts held messages
	s.Hidden = max(0, inFlight-len(s.held))
	s.release(ctx)
	return cmp.Or(ctx.Err(), err, countErr)
}

// Visit calls fn with each message, one at a time. It deletes no message.
func (s *Scan) Visit(ctx context.Context, fn func(Message) error) error {
	var mu sync.Mutex
	return s.Run(ctx, func(_ context.Context, messages []Message) ([]Message, error) {
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

// next receives and handles one page. It reports whether there can be more pages.
func (s *Scan) next(ctx context.Context, handle HandlePage) (more bool, err error) {
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

// receive receives up to ten messages. It ignores cancellation: if the client abandoned the
// request, SQS would still hide the messages, and the scan could not release them.
func (s *Scan) receive(ctx context.Context) ([]sqs.ReceivedDeadLetter, error) {
	ctx, cancel := withoutCancel(ctx)
	defer cancel()
	return s.dlq.Receive(ctx, hideFor)
}

// withoutCancel returns a context that ignores the cancellation of ctx, and ends after 30 seconds.
func withoutCancel(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
}

// hold marks the messages as held. It returns the messages that the scan visits for the first time.
func (s *Scan) hold(received []sqs.ReceivedDeadLetter) (messages []Message, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range received {
		_, known := s.held[m.MessageID]
		s.Truncated = s.Truncated || len(s.held) >= s.Limit && !known
		s.forget(m.MessageID)
		s.remember(m)
		if !known && !s.Truncated && !m.SentAt.After(s.begin) {
			messages = append(messages, newMessage(m, s.bronzeBucket))
		}
	}
	return messages, !s.Truncated
}

// remember stores the newest receipt handle of a message. The caller holds s.mu.
func (s *Scan) remember(m sqs.ReceivedDeadLetter) {
	if s.heldHandles == maxHandles {
		s.held[m.MessageID] = ""
		return
	}
	s.held[m.MessageID] = m.ReceiptHandle
	s.heldHandles++
}

// forget removes a message from s.held. The caller holds s.mu.
func (s *Scan) forget(messageID string) {
	if s.held[messageID] != "" {
		s.heldHandles--
	}
	delete(s.held, messageID)
}

// lookUp sets the status and the stale flag of each message from its event's item.
func (s *Scan) lookUp(ctx context.Context, messages []Message) error {
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
		messages[i].Status = item.Status
		messages[i].Stale = ok && item.Bronze != m.Event.Bronze
	}
	return nil
}

// remove deletes the finished messages. If it can't delete a message, a later scan visits the
// message again. This is harmless, because a redrive or discard can be repeated.
func (s *Scan) remove(ctx context.Context, finished []Message) error {
	receiptHandles := make([]string, len(finished))
	for i, m := range finished {
		receiptHandles[i] = m.ReceiptHandle
	}
	// These messages' events have been redriven or discarded. So even a cancelled command must
	// delete the messages.
	errs := s.dlq.Delete(context.WithoutCancel(ctx), receiptHandles)
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
func (s *Scan) release(ctx context.Context) {
	ctx, cancel := withoutCancel(ctx)
	defer cancel()
	var receiptHandles []string
	for _, handle := range s.held {
		if handle != "" {
			receiptHandles = append(receiptHandles, handle)
		}
	}
	var running sync.WaitGroup
	for part := range slices.Chunk(receiptHandles, max(1, len(receiptHandles)/scanners)) {
		running.Go(func() { s.dlq.Release(ctx, part) })
	}
	running.Wait()
}
