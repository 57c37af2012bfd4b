package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// resolveFailure retries a failed delivery or moves its message to the DLQ. After a permanent
// failure, or the last of MaxReceiveCount tries, the event becomes FAILED and its message moves to
// the DLQ. Otherwise the message returns to the queue. A delivery whose processing was not begun
// does not count as the last try.
func (w Worker) resolveFailure(ctx context.Context, t *task) {
	if !Permanent(ErrorCode(t.Err)) && (t.Delivery.Attempt < w.MaxReceiveCount || t.notBegun) {
		w.retry(ctx, t)
		return
	}
	if err := w.fail(ctx, t); err != nil {
		// The next delivery tries to fail the event again. If this was the last delivery, SQS
		// itself moves the message to the DLQ.
		t.Err = errors.Join(t.Err, err)
		w.retry(ctx, t)
	}
}

// retry returns the message to the queue, with a delay.
func (w Worker) retry(ctx context.Context, t *task) {
	t.Retry = true
	t.RetryIn = backoff(t.Delivery.Attempt, w.Jitter())
	if err := w.Queue.Delay(ctx, t.Delivery.ReceiptHandle, t.RetryIn); err != nil {
		t.RetryIn = 0
		t.Err = errors.Join(t.Err, fmt.Errorf("delay the retry: %w", err))
	}
}

// fail moves the message to the DLQ, marks the event FAILED and publishes EventFailed. The message
// must move first: if the worker crashed after it marked the event FAILED, the next delivery would
// skip the event, and the message would be lost.
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
	// A failure to publish is not retried, because the next delivery would skip the FAILED event.
	if err := publish(ctx, w.Bus, item); err != nil {
		t.Err = errors.Join(t.Err, fmt.Errorf("publish EventFailed: %w", err))
	}
	return nil
}

const (
	firstBackoff = time.Second
	maxBackoff   = 5 * time.Minute
)

// backoff returns the delay before a retry. The delay doubles with each attempt, up to maxBackoff.
// A random reduction by up to half spreads the retries over time.
func backoff(attempt int, jitter float64) time.Duration {
	d := firstBackoff << min(max(attempt, 1)-1, 16)
	return time.Duration(float64(min(d, maxBackoff)) * (0.5 + jitter/2))
}
