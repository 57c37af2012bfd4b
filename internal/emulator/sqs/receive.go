package sqs

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxInFlight limits the number of in-flight messages in a queue. It equals SQS's quota for
// standard queues.
const maxInFlight = 120_000

// Receive returns up to limit messages and starts the visibility timeout of each. It waits at most
// maxWait for a message. A message that has reached the maximum receive count moves to the
// dead-letter queue.
func (q *Queue) Receive(ctx context.Context, limit int, maxWait time.Duration) ([]Message, error) {
	return q.receive(ctx, limit, maxWait, -1)
}

// receive works like Receive. If visibility is at least 0, it overrides the queue's visibility
// timeout.
func (q *Queue) receive(
	ctx context.Context, limit int, maxWait, visibility time.Duration,
) ([]Message, error) {
	deadline := time.After(maxWait)
	for last := maxWait <= 0; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		messages, wakeup, err := q.receiveAvailable(limit, visibility)
		if errors.Is(err, errOverLimit) && maxWait > 0 {
			err = nil // SQS returns OverLimit only to short polls
		}
		if len(messages) > 0 || err != nil || last {
			return messages, err
		}
		select {
		case <-ctx.Done():
		case <-wakeup.changed:
		case <-wakeup.visible:
		case <-deadline:
			last = true // try once more, because a message could have become visible just now
		}
	}
}

// wakeup holds the signals that a long poll waits for.
type wakeup struct {
	changed <-chan struct{}
	visible <-chan time.Time // nil if no message is delayed or in flight
}

// receiveAvailable returns the messages that are available now. If there are none, it returns the
// signals for a long poll.
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
	queue string // name of the dead-letter queue
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
	for len(messages) < limit && q.fair.visible > 0 {
		if q.fair.inFlight >= maxInFlight {
			if len(messages) == 0 {
				err = errOverLimit
			}
			return messages, deadLetters, err
		}
		e := q.fair.first()
		if dlq != nil && e.ReceiveCount-e.receiveCountOnArrival >= q.settings.MaxReceiveCount {
			m, err := q.moveToDLQ(dlq, e)
			if err != nil {
				return messages, deadLetters, fmt.Errorf("move message %s from %s to %s: %w",
					e.ID, q.name, dlq.name, err)
			}
			deadLetters = append(deadLetters, deadLetter{m, dlq.name})
			continue
		}
		m, err := q.hide(e, now, now.Add(visibility))
		if err != nil {
			return messages, deadLetters, fmt.Errorf("receive from queue %s: %w", q.name, err)
		}
		messages = append(messages, m)
	}
	return messages, deadLetters, nil
}

// hide puts a visible message in flight until its visibility timeout ends, and returns the message.
func (q *Queue) hide(e *entry, now, until time.Time) (Message, error) {
	q.leaveState(e)
	if e.ReceiveCount++; e.ReceiveCount == 1 {
		e.FirstReceived = now
	}
	e.ReceiptHandle = newReceiptHandle(q.ARN(), e.ID, e.ReceiveCount)
	e.visibleAt = until
	q.enterState(e, inFlight)
	q.fair.detectNoise(e)
	// If this fails, the message stays in flight until its visibility timeout ends.
	if err := q.service.records.putProgress(q.name, e); err != nil {
		return Message{}, err
	}
	m, err := q.service.message(e)
	m.InvisibleUntil = until
	return m, err
}

// moveToDLQ moves a message to the dead-letter queue and returns the message. The message keeps its
// id, body, attributes, sent time and receive count.
func (q *Queue) moveToDLQ(dlq *Queue, e *entry) (Message, error) {
	q.remove(e)
	e.ReceiptHandle, e.DeadLetterSource = "", q.ARN()
	e.receiveCountOnArrival, e.visibleAt, e.state = e.ReceiveCount, time.Time{}, visible
	dlq.add(e)
	if err := q.service.records.putProgress(dlq.name, e); err != nil {
		return Message{}, err
	}
	return q.service.message(e)
}
