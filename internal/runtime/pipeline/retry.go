package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// resolveFailure retries a failed delivery, or moves its message to the DLQ and sets the event to
// FAILED. An event becomes FAILED in two cases:
//
//   - The failure is permanent.
//   - The number of processor failures and worker crashes reaches MaxReceiveCount.
//
// A fault of an AWS service never makes an event FAILED.
func (w Worker) resolveFailure(ctx context.Context, t *task) {
	t.Retry = true // also if a later line panics
	code := ErrorCode(t.Err)
	counted := code == ProcessorError || code == Internal
	if counted {
		t.tries.Failures++
	}
	last := Permanent(code) || counted && t.tries.count() >= w.MaxReceiveCount

	halfCtx, cancel := withHalf(ctx) // a later step needs time even if the table does not answer
	defer cancel()
	storeErr := w.setTries(halfCtx, t, t.tries)
	var outdated outdatedError
	if errors.As(storeErr, &outdated) {
		t.Err, t.Skipped, t.item, t.Retry = nil, true, outdated.item, false
		return
	}
	if last && storeErr == nil {
		err := w.fail(ctx, t)
		if err == nil {
			t.Retry = false
			return
		}
		t.Err = errors.Join(t.Err, err) // the next delivery tries to fail the event again
	}
	w.retry(ctx, t, counted, storeErr)
}

// retry returns the message to the queue, with a delay. counted is true if the failure counts as a
// try. storeErr is nil, or the error from storing the event's tries.
func (w Worker) retry(ctx context.Context, t *task, counted bool, storeErr error) {
	switch {
	case storeErr != nil:
		t.Err = errors.Join(t.Err, storeErr)
		t.RetryIn = backoff(t.Delivery.Attempt, serviceBackoff, w.Jitter())
		t.RetryIn = min(t.RetryIn, w.markedFor(t))
	case counted:
		t.RetryIn = backoff(t.tries.count(), processorBackoff, w.Jitter())
	default:
		t.RetryIn = backoff(t.Delivery.Attempt, serviceBackoff, w.Jitter())
	}
	if err := w.Queue.Delay(ctx, t.Delivery.ReceiptHandle, t.RetryIn); err != nil {
		t.RetryIn = 0
		t.Err = errors.Join(t.Err, fmt.Errorf("delay the retry: %w", err))
	}
}

// markedFor returns the maximum delay of a retry if the event's tries could not be stored:
//
//   - Without a mark Begun of this delivery, it is serviceBackoff.
//   - With this mark, it is half of the time until Begun.Until, but at least firstBackoff. A
//     delivery after Begun.Until would count the mark as a crash.
func (w Worker) markedFor(t *task) time.Duration {
	begun := t.itemTries.Begun
	if begun.MessageID != t.Delivery.MessageID || begun.Attempt != t.Delivery.Attempt {
		return serviceBackoff
	}
	return max(begun.Until.Sub(w.Now())/2, firstBackoff)
}

// fail moves the message to the DLQ and then marks the event FAILED. In the reverse order, a crash
// between the two steps would lose the message, because later deliveries skip a FAILED event.
func (w Worker) fail(ctx context.Context, t *task) error {
	deadLetter := DeadLetter{
		Body:      t.Delivery.Body,
		EventID:   t.Event.ID,
		EventType: t.Event.Type,
		Attempts:  t.Delivery.Attempt,
		FailedAt:  toMillis(w.Now()),
		Failure:   NewFailure(t.Err),
	}
	item := deadLetter.failedItem(t.Event, w.StatusRetention)
	err := moveToDLQ(ctx, deadLetter, item, w.DeadLetters, w.Items)
	var moved *TransitionError
	if errors.As(err, &moved) {
		t.Err, t.Skipped, t.item = nil, true, moved.From // another delivery has finished the event
		return nil
	}
	if err != nil || t.Event.ID == "" {
		return err
	}
	t.item = item
	return nil
}

// publishFailed publishes EventFailed for the tasks whose event is FAILED. If EventFailed can't be
// published, the message returns to the queue.
//
// These tasks include events that another delivery marked FAILED, because the worker of that
// delivery can have crashed.
func (w Worker) publishFailed(ctx context.Context, tasks []*task) {
	var failed []*task
	var notifications []Notification
	for _, t := range tasks {
		if t.item.Status == Failed && t.item.Replay.SameGeneration(t.Event.Replay) {
			failed = append(failed, t)
			notifications = append(notifications, NewNotification(t.item))
		}
	}
	if len(failed) == 0 {
		return
	}
	for i, err := range w.Bus.Publish(ctx, notifications) {
		if t := failed[i]; err != nil {
			t.Err = errors.Join(t.Err, unavailable("publish EventFailed", err))
			t.Retry = true
			w.retry(ctx, t, false, nil)
		}
	}
}

// The backoff doubles with each try, from firstBackoff up to these limits. In an outage of an hour,
// a message has about fifteen deliveries. The maxReceiveCount of the queue must be higher.
const (
	firstBackoff     = time.Second
	processorBackoff = 5 * time.Minute
	serviceBackoff   = 15 * time.Minute
)

// backoff returns the delay before a retry. A random reduction by up to half spreads the retries
// over time.
func backoff(try int, limit time.Duration, jitter float64) time.Duration {
	d := firstBackoff << min(max(try, 1)-1, 16)
	return time.Duration(float64(min(d, limit)) * (0.5 + jitter/2))
}
