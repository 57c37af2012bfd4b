package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

const (
	// hide is how long a message that was looked at stays out of the way of the scan, and of others, at most.
	hide = 5 * time.Minute
	// maxHeld keeps below SQS's quota "in-flight messages per queue", 120,000.
	maxHeld = 100_000
	// maxReceipts is how many messages are given back at once when the scan is over; the rest comes back by itself.
	maxReceipts = 10_000
	// scanners is how many requests for messages are under way at once.
	scanners = 4
)

// scan goes once through the letters that the DLQ held at a time: a redriven event that fails again is not met again.
type scan struct {
	dlq          sqs.DeadLetterQueue
	items        dynamodb.Items
	bronzeBucket string
	limit        int // of messages that stay; at most maxHeld
	heldAt       time.Time
	hidden       int // messages that it did not meet, since others had them

	mu        sync.Mutex
	held      map[string]string // messages that stay, by id, and the receipts of up to maxReceipts of them
	receipts  int
	truncated bool  // limit was reached
	err       error // the first; others mostly follow from it
}

func newScan(r resources, heldAt time.Time, limit int) *scan {
	return &scan{
		dlq: r.deadLetters(), items: r.events(), bronzeBucket: r.outputs["BronzeBucketName"],
		limit: limit, heldAt: heldAt, held: make(map[string]string),
	}
}

// each hands the letters on, up to ten at a time and several times at once, and deletes those of which page says that
// they may go. It gives the others back to the DLQ at the end, however it ends.
func (s *scan) each(ctx context.Context, page func(context.Context, []letter) (gone []letter, err error)) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	for range scanners {
		running.Go(func() {
			for inner.Err() == nil {
				more, err := s.next(inner, page)
				if err != nil {
					s.fail(err)
					stop()
				}
				if !more {
					return
				}
			}
		})
	}
	running.Wait()
	s.countHidden(ctx)
	s.giveBack(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.err
}

func (s *scan) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = cmp.Or(s.err, err)
}

// countHidden comes before giveBack: what is hidden but not held, others have.
func (s *scan) countHidden(ctx context.Context) {
	hidden, err := s.dlq.InFlight(ctx)
	if err != nil {
		s.fail(err)
	}
	s.hidden = max(0, hidden-len(s.held))
}

// next handles some letters, and tells whether there may be more.
func (s *scan) next(ctx context.Context, page func(context.Context, []letter) ([]letter, error)) (bool, error) {
	received, err := s.receive(ctx)
	if err != nil || len(received) == 0 {
		return false, err
	}
	fresh, more := s.hold(received)
	if len(fresh) == 0 {
		return more, nil
	}
	if err := s.lookUp(ctx, fresh); err != nil {
		return false, err
	}
	gone, err := page(ctx, fresh)
	return more, errors.Join(err, s.remove(ctx, gone))
}

// receive is not broken off: a request whose answer nobody reads may have hidden messages.
func (s *scan) receive(ctx context.Context) ([]sqs.ReceivedDeadLetter, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return s.dlq.Receive(ctx, hide)
}

// hold remembers letters as staying and returns those that were not met before.
func (s *scan) hold(received []sqs.ReceivedDeadLetter) (fresh []letter, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range received {
		_, known := s.held[l.MessageID]
		s.truncated = s.truncated || len(s.held) >= s.limit && !known
		s.forget(l.MessageID)
		s.remember(l)
		if !known && !s.truncated && !l.SentAt.After(s.heldAt) {
			fresh = append(fresh, letterOf(l, s.bronzeBucket))
		}
	}
	return fresh, !s.truncated
}

// remember keeps the newest receipt of a message. The caller holds s.mu, as for forget.
func (s *scan) remember(l sqs.ReceivedDeadLetter) {
	if s.receipts == maxReceipts {
		s.held[l.MessageID] = ""
		return
	}
	s.held[l.MessageID] = l.ReceiptHandle
	s.receipts++
}

func (s *scan) forget(messageID string) {
	if s.held[messageID] != "" {
		s.receipts--
	}
	delete(s.held, messageID)
}

// lookUp sets what the letters' items tell.
func (s *scan) lookUp(ctx context.Context, letters []letter) error {
	var ids []string
	seen := make(map[string]bool)
	for _, l := range letters {
		if l.EventID != "" && !seen[l.EventID] {
			seen[l.EventID] = true
			ids = append(ids, l.EventID)
		}
	}
	items, err := s.items.GetMany(ctx, ids)
	if err != nil {
		return err
	}
	for i := range letters {
		item, ok := items[letters[i].EventID]
		letters[i].status, letters[i].stale = item.Status, ok && item.Bronze != letters[i].event.Bronze
	}
	return nil
}

// remove deletes letters that are done with. Where that fails they come up again, which does no harm: a redriven event
// is redriven again, or PROCESSED by then.
func (s *scan) remove(ctx context.Context, gone []letter) error {
	receipts := make([]string, len(gone))
	for i, l := range gone {
		receipts[i] = l.ReceiptHandle
	}
	// What was done to their events is done: they are to go even if the command is stopped right now.
	errs := s.dlq.Delete(context.WithoutCancel(ctx), receipts)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, l := range gone {
		if errs[i] == nil {
			s.forget(l.MessageID)
		}
	}
	return first(errs)
}

// first is the first error that is one: those of a request that failed are all the same.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// giveBack makes the letters that stay visible again. One that is not comes back by itself.
func (s *scan) giveBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	receipts := slices.DeleteFunc(slices.Collect(maps.Values(s.held)), func(receipt string) bool { return receipt == "" })
	var running sync.WaitGroup
	for part := range slices.Chunk(receipts, max(1, len(receipts)/scanners)) {
		running.Go(func() { s.dlq.Release(ctx, part) })
	}
	running.Wait()
}
