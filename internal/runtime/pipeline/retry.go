package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// settle decides what becomes of a delivery that failed: it comes again after a while, or, when that can't help or was
// the last time, its event is FAILED and its message in the DLQ. What was not tried has not had its last time.
func (w Worker) settle(ctx context.Context, k *work) {
	if !Permanent(ErrorCode(k.err)) && (k.delivery.Attempt < w.MaxReceiveCount || k.unbegun) {
		w.giveBack(ctx, k)
		return
	}
	err := w.fail(ctx, k)
	if err == nil {
		return
	}
	// Kept, so that the next delivery tries this again; after the last one the queue itself moves the message to the DLQ.
	k.err = errors.Join(k.err, err)
	w.giveBack(ctx, k)
}

func (w Worker) giveBack(ctx context.Context, k *work) {
	k.kept = true
	k.retryIn = backoff(k.delivery.Attempt, w.Jitter())
	if err := w.Queue.Delay(ctx, k.delivery.ReceiptHandle, k.retryIn); err != nil {
		k.retryIn = 0
		k.err = errors.Join(k.err, fmt.Errorf("set when the message comes again: %w", err))
	}
}

// fail puts the message in the DLQ, then marks the event FAILED: whoever sees it FAILED finds the message there, and a
// later delivery of a FAILED event has nothing to do.
func (w Worker) fail(ctx context.Context, k *work) error {
	letter := DeadLetter{
		Body:      k.delivery.Body,
		EventID:   k.event.ID,
		EventType: k.event.Type,
		Attempts:  k.delivery.Attempt,
		FailedAt:  w.Now().UTC().Truncate(time.Millisecond),
		Failure:   NewFailure(k.err),
	}
	item := letter.item(k.event, w.StatusRetention)
	err := bury(ctx, letter, item, w.DeadLetters, w.Items)
	var moved *TransitionError
	if errors.As(err, &moved) {
		k.err, k.repeat, k.item = nil, true, moved.From // another delivery has got the event to its end meanwhile
		return nil
	}
	if err != nil || k.event.ID == "" {
		return err
	}
	k.item = item
	// The event is FAILED, told or not: this message's next delivery would not tell it either.
	if err := w.Bus.Publish(ctx, []Notification{NewNotification(item)})[0]; err != nil {
		k.err = errors.Join(k.err, fmt.Errorf("publish EventFailed: %w", err))
	}
	return nil
}

// The first retry comes after a second or less; eight doublings later the queue's own patience is the bound.
const (
	firstBackoff = time.Second
	maxBackoff   = 5 * time.Minute
)

// backoff doubles with each attempt and takes between half and all of that, so that a crowd spreads out.
func backoff(attempt int, jitter float64) time.Duration {
	d := firstBackoff << min(max(attempt, 1)-1, 16)
	return time.Duration(float64(min(d, maxBackoff)) * (0.5 + jitter/2))
}
