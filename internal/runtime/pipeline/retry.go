package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// resolveFailure decides what happens to a failed delivery. A failure that is permanent, or the last
// of MaxReceiveCount tries, makes the event FAILED and moves its message to the DLQ. Any other one
// returns the message to the queue. A delivery that was not begun is never the last try.
func (w Worker) resolveFailure(ctx context.Context, t *task) {
	if !Permanent(ErrorCode(t.err)) && (t.delivery.Attempt < w.MaxReceiveCount || t.notBegun) {
		w.retry(ctx, t)
		return
	}
	if err := w.fail(ctx, t); err != nil {
		// The next delivery tries to fail the event again. After the last delivery, SQS itself moves
		// the message to the DLQ.
		t.err = errors.Join(t.err, err)
		w.retry(ctx, t)
	}
}

// retry returns the message to the queue, with a delay.
func (w Worker) retry(ctx context.Context, t *task) {
	t.retry = true
	t.retryIn = backoff(t.delivery.Attempt, w.Jitter())
	if err := w.Queue.Delay(ctx, t.delivery.ReceiptHandle, t.retryIn); err != nil {
		t.retryIn = 0
		t.err = errors.Join(t.err, fmt.Errorf("delay the retry: %w", err))
	}
}

// fail moves the message to the DLQ, marks the event FAILED and publishes EventFailed. The DLQ comes
// first: later deliveries skip a FAILED event, so its message would be lost.
func (w Worker) fail(ctx context.Context, t *task) error {
	letter := DeadLetter{
		Body:      t.delivery.Body,
		EventID:   t.event.ID,
		EventType: t.event.Type,
		Attempts:  t.delivery.Attempt,
		FailedAt:  toMillis(w.Now()),
		Failure:   NewFailure(t.err),
	}
	item := letter.failedItem(t.event, w.StatusRetention)
	err := moveToDLQ(ctx, letter, item, w.DeadLetters, w.Items)
	var moved *TransitionError
	if errors.As(err, &moved) {
		t.err, t.skipped, t.item = nil, true, moved.From // another delivery has finished the event
		return nil
	}
	if err != nil || t.event.ID == "" {
		return err
	}
	t.item = item
	// Not retried: the next delivery would skip the FAILED event.
	if err := w.Bus.Publish(ctx, []Notification{NewNotification(item)})[0]; err != nil {
		t.err = errors.Join(t.err, fmt.Errorf("publish EventFailed: %w", err))
	}
	return nil
}

const (
	firstBackoff = time.Second
	maxBackoff   = 5 * time.Minute
)

// backoff returns the delay of a retry. It doubles with each attempt, up to maxBackoff, and is then
// reduced by up to half at random, to spread retries.
func backoff(attempt int, jitter float64) time.Duration {
	d := firstBackoff << min(max(attempt, 1)-1, 16)
	return time.Duration(float64(min(d, maxBackoff)) * (0.5 + jitter/2))
}
