package sqs

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxInFlight is SQS's quota "in-flight messages" of a standard queue.
const maxInFlight = 120_000

// Receive returns up to limit messages and makes them invisible for the queue's visibility timeout. It waits up to wait
// for the first one, and returns none when there was none. A message that was received too often goes to the dead-letter
// queue instead.
func (q *Queue) Receive(ctx context.Context, limit int, wait time.Duration) ([]Message, error) {
	return q.receive(ctx, limit, wait, -1)
}

// upload is Receive with a visibility timeout of its own; below zero it is the queue's.
func (q *Queue) receive(ctx context.Context, limit int, wait, visibility time.Duration) ([]Message, error) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for last := wait <= 0; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		got, next, err := q.receiveAvailable(limit, visibility)
		if errors.Is(err, errOverLimit) && wait > 0 {
			err = nil // SQS tells only short polls
		}
		if len(got) > 0 || err != nil || last {
			return got, err
		}
		select {
		case <-ctx.Done():
		case <-next.changed:
		case <-next.visible:
		case <-deadline.C:
			last = true // look once more: a message may become visible at this very moment
		}
		next.stop()
	}
}

// wakeup is what a receive that found nothing waits for.
type wakeup struct {
	changed <-chan struct{}
	visible <-chan time.Time // nil when no message is delayed or in flight
	stop    func() bool
}

// receiveAvailable returns the messages that can be received now or, when there are none, what to wait for.
func (q *Queue) receiveAvailable(limit int, visibility time.Duration) ([]Message, wakeup, error) {
	s := q.service
	s.mu.Lock()
	now := s.cfg.Now()
	got, moved, err := q.receiveLocked(now, limit, visibility)
	wait := wakeup{stop: func() bool { return false }}
	if len(got) == 0 && err == nil || errors.Is(err, errOverLimit) {
		wait = q.newWakeup(now)
	}
	s.mu.Unlock()
	for _, m := range moved {
		if s.cfg.OnDeadLetter != nil {
			s.cfg.OnDeadLetter(q.name, m.to, m.Message)
		}
	}
	return got, wait, err
}

func (q *Queue) newWakeup(now time.Time) wakeup {
	q.hasWaiters = true
	first := q.invisible.first()
	if first == nil {
		return wakeup{changed: q.changed, stop: func() bool { return false }}
	}
	timer := time.NewTimer(first.visibleAt.Sub(now))
	return wakeup{changed: q.changed, visible: timer.C, stop: timer.Stop}
}

// deadLetter is a message that was moved to the dead-letter queue.
type deadLetter struct {
	Message
	to string
}

func (q *Queue) receiveLocked(now time.Time, limit int, visibility time.Duration) (got []Message, dead []deadLetter, err error) {
	if q.deleted {
		return nil, nil, errQueueDoesNotExist
	}
	if visibility < 0 {
		visibility = q.settings.VisibilityTimeout
	}
	q.advance(now)
	deadLetters := q.deadLetterQueue()
	for len(got) < limit && q.visible.Len() > 0 {
		if q.inFlight >= maxInFlight {
			if len(got) == 0 {
				return nil, dead, errOverLimit
			}
			return got, dead, nil
		}
		e := q.visible.Front().Value.(*entry)
		if deadLetters != nil && e.ReceiveCount-e.receiveCountOnArrival >= q.settings.MaxReceiveCount {
			if err := q.moveToDLQ(deadLetters, e); err != nil {
				return got, dead, fmt.Errorf("redrive from %s: %w", q.name, err)
			}
			dead = append(dead, deadLetter{e.Message, deadLetters.name})
			continue
		}
		q.leaveState(e)
		if e.ReceiveCount++; e.ReceiveCount == 1 {
			e.FirstReceived = now
		}
		e.ReceiptHandle = newReceiptHandle(q.ARN(), e.ID, e.ReceiveCount)
		e.visibleAt = now.Add(visibility)
		q.enterState(e, inFlight)
		// An error leaves the message in flight: it comes back when its visibility timeout is over.
		if err := q.service.records.putProgress(q.name, e); err != nil {
			return got, dead, fmt.Errorf("receive from %s: %w", q.name, err)
		}
		m := e.Message
		m.InvisibleUntil = e.visibleAt
		got = append(got, m)
	}
	return got, dead, nil
}

// moveToDLQ makes the message another queue's. It keeps its id, body, attributes, sent time and receive count.
func (q *Queue) moveToDLQ(target *Queue, e *entry) error {
	q.remove(e)
	e.ReceiptHandle, e.DeadLetterSource, e.receiveCountOnArrival = "", q.ARN(), e.ReceiveCount
	e.visibleAt = time.Time{}
	e.state = visible
	target.add(e)
	return q.service.records.putProgress(target.name, e)
}
