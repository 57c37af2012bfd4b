package sqs

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxInFlight limits the in-flight messages of a queue (SQS quota for standard queues).
const maxInFlight = 120_000

// Receive returns up to limit messages and starts their visibility timeout. It waits up to wait for
// the first message and returns none if there is none. A message beyond the maximum receive count
// moves to the dead-letter queue instead.
func (q *Queue) Receive(ctx context.Context, limit int, wait time.Duration) ([]Message, error) {
	return q.receive(ctx, limit, wait, -1)
}

// receive works like Receive, with a visibility timeout. A negative one selects the queue's.
func (q *Queue) receive(
	ctx context.Context, limit int, wait, visibility time.Duration,
) ([]Message, error) {
	deadline := time.After(wait)
	for last := wait <= 0; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		messages, wakeup, err := q.receiveAvailable(limit, visibility)
		if errors.Is(err, errOverLimit) && wait > 0 {
			err = nil // SQS returns OverLimit for short polls only
		}
		if len(messages) > 0 || err != nil || last {
			return messages, err
		}
		select {
		case <-ctx.Done():
		case <-wakeup.changed:
		case <-wakeup.visible:
		case <-deadline:
			last = true // try once more: a message may become visible at the same time
		}
	}
}

// wakeup holds the signals that a long poll waits for.
type wakeup struct {
	changed <-chan struct{}
	visible <-chan time.Time // nil without delayed or in-flight messages
}

// receiveAvailable returns the messages that are available now, or else the signals to wait for.
func (q *Queue) receiveAvailable(
	limit int, visibility time.Duration,
) ([]Message, wakeup, error) {
	s := q.service
	s.mu.Lock()
	now := s.cfg.Now()
	messages, deadLetters, err := q.receiveLocked(now, limit, visibility)
	var wait wakeup
	if len(messages) == 0 && err == nil || errors.Is(err, errOverLimit) {
		wait = q.newWakeup(now)
	}
	s.mu.Unlock()
	if s.cfg.OnDeadLetter != nil {
		for _, m := range deadLetters {
			s.cfg.OnDeadLetter(q.name, m.queue, m.Message)
		}
	}
	return messages, wait, err
}

func (q *Queue) newWakeup(now time.Time) wakeup {
	q.hasWaiters = true
	wait := wakeup{changed: q.changed}
	if first := q.invisible.first(); first != nil {
		wait.visible = time.After(first.visibleAt.Sub(now))
	}
	return wait
}

// deadLetter represents a message that was moved to a dead-letter queue.
type deadLetter struct {
	Message
	queue string
}

func (q *Queue) receiveLocked(
	now time.Time, limit int, visibility time.Duration,
) (messages []Message, deadLetters []deadLetter, err error) {
	if q.deleted {
		return nil, nil, errQueueDoesNotExist
	}
	if visibility < 0 {
		visibility = q.settings.VisibilityTimeout
	}
	q.advance(now)
	dlq := q.deadLetterQueue()
	for len(messages) < limit && q.visible.Len() > 0 {
		if q.inFlight >= maxInFlight {
			if len(messages) == 0 {
				err = errOverLimit
			}
			return messages, deadLetters, err
		}
		e := q.visible.Front().Value.(*entry)
		if dlq != nil && e.ReceiveCount-e.receiveCountOnArrival >= q.settings.MaxReceiveCount {
			if err := q.moveToDLQ(dlq, e); err != nil {
				return messages, deadLetters, fmt.Errorf("redrive from %s: %w", q.name, err)
			}
			deadLetters = append(deadLetters, deadLetter{e.Message, dlq.name})
			continue
		}
		q.leaveState(e)
		if e.ReceiveCount++; e.ReceiveCount == 1 {
			e.FirstReceived = now
		}
		e.ReceiptHandle = newReceiptHandle(q.ARN(), e.ID, e.ReceiveCount)
		e.visibleAt = now.Add(visibility)
		q.enterState(e, inFlight)
		// After an error the message stays in flight until its visibility timeout is over.
		if err := q.service.records.putProgress(q.name, e); err != nil {
			return messages, deadLetters, fmt.Errorf("receive from %s: %w", q.name, err)
		}
		m := e.Message
		m.InvisibleUntil = e.visibleAt
		messages = append(messages, m)
	}
	return messages, deadLetters, nil
}

// moveToDLQ moves a message. It keeps its id, body, attributes, sent time and receive count.
func (q *Queue) moveToDLQ(dlq *Queue, e *entry) error {
	q.remove(e)
	e.ReceiptHandle, e.DeadLetterSource = "", q.ARN()
	e.receiveCountOnArrival, e.visibleAt, e.state = e.ReceiveCount, time.Time{}, visible
	dlq.add(e)
	return q.service.records.putProgress(dlq.name, e)
}
