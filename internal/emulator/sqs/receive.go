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

// receive is Receive with a visibility timeout of its own; below zero it is the queue's.
func (q *Queue) receive(ctx context.Context, limit int, wait, visibility time.Duration) ([]Message, error) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for last := wait <= 0; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		got, next, err := q.take(limit, visibility)
		if errors.Is(err, errFull) && wait > 0 {
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

// next is what a receive that found nothing waits for.
type next struct {
	changed <-chan struct{}
	visible <-chan time.Time // nil when no message is delayed or in flight
	stop    func() bool
}

// take returns the messages that can be received now or, when there are none, what to wait for.
func (q *Queue) take(limit int, visibility time.Duration) ([]Message, next, error) {
	s := q.service
	s.mu.Lock()
	now := s.cfg.Now()
	got, moved, err := q.takeLocked(now, limit, visibility)
	wait := next{stop: func() bool { return false }}
	if len(got) == 0 && err == nil || errors.Is(err, errFull) {
		wait = q.nextChange(now)
	}
	s.mu.Unlock()
	for _, m := range moved {
		if s.cfg.OnDeadLetter != nil {
			s.cfg.OnDeadLetter(q.name, m.to, m.Message)
		}
	}
	return got, wait, err
}

func (q *Queue) nextChange(now time.Time) next {
	q.watched = true
	first := q.waiting.first()
	if first == nil {
		return next{changed: q.changed, stop: func() bool { return false }}
	}
	timer := time.NewTimer(first.visibleAt.Sub(now))
	return next{changed: q.changed, visible: timer.C, stop: timer.Stop}
}

// moved is a message that was moved to the dead-letter queue.
type moved struct {
	Message
	to string
}

func (q *Queue) takeLocked(now time.Time, limit int, visibility time.Duration) (got []Message, dead []moved, err error) {
	if q.deleted {
		return nil, nil, errNoQueue
	}
	if visibility < 0 {
		visibility = q.settings.VisibilityTimeout
	}
	q.advance(now)
	deadLetters := q.deadLetterQueue()
	for len(got) < limit && q.visible.Len() > 0 {
		if q.inFlight >= maxInFlight {
			if len(got) == 0 {
				return nil, dead, errFull
			}
			return got, dead, nil
		}
		e := q.visible.Front().Value.(*entry)
		if deadLetters != nil && e.ReceiveCount-e.arrived >= q.settings.MaxReceiveCount {
			if err := q.moveTo(deadLetters, e); err != nil {
				return got, dead, fmt.Errorf("redrive from %s: %w", q.name, err)
			}
			dead = append(dead, moved{e.Message, deadLetters.name})
			continue
		}
		q.withdraw(e)
		if e.ReceiveCount++; e.ReceiveCount == 1 {
			e.FirstReceived = now
		}
		e.ReceiptHandle = newReceipt(q.ARN(), e.ID, e.ReceiveCount)
		e.visibleAt = now.Add(visibility)
		q.place(e, inFlight)
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

// moveTo makes the message another queue's. It keeps its id, body, attributes, sent time and receive count.
func (q *Queue) moveTo(target *Queue, e *entry) error {
	q.remove(e)
	e.ReceiptHandle, e.DeadLetterSource, e.arrived = "", q.ARN(), e.ReceiveCount
	e.visibleAt = time.Time{}
	e.state = visible
	target.add(e)
	return q.service.records.putProgress(target.name, e)
}
