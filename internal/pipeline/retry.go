package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// giveBack leaves the message to the queue: to be delivered again after a while, or, when that was the last delivery,
// to be moved to the DLQ, and then the event is FAILED.
func (w Worker) giveBack(ctx context.Context, k *work) {
	last := k.delivery.Attempt >= w.MaxReceiveCount
	if last && k.event.ID != "" && k.item.Status != Failed {
		if w.fail(ctx, k); k.repeat {
			return
		}
	}
	if !last {
		k.retryIn = backoff(k.delivery.Attempt, w.Jitter())
	}
	if err := w.Queue.Delay(ctx, k.delivery.Receipt, k.retryIn); err != nil {
		k.err = errors.Join(k.err, fmt.Errorf("set when the message comes again: %w", err))
	}
}

func (w Worker) fail(ctx context.Context, k *work) {
	item := Item{
		Event:     k.event,
		Status:    Failed,
		Attempts:  k.delivery.Attempt,
		FailedAt:  w.Now().UTC().Truncate(time.Millisecond),
		Failure:   FailureOf(k.err),
		ExpiresAt: Expiry(k.event, w.StatusRetention),
	}
	err := w.Items.Finish(ctx, item)
	var moved *TransitionError
	if errors.As(err, &moved) && moved.From == Processed {
		k.err, k.repeat = nil, true // another delivery has processed it meanwhile
		return
	}
	if err != nil {
		k.err = errors.Join(k.err, fmt.Errorf("mark the event FAILED: %w", err))
		return
	}
	k.item = item
	if err := w.Bus.Publish(ctx, []Notice{NoticeOf(item)})[0]; err != nil {
		k.err = errors.Join(k.err, fmt.Errorf("publish EventFailed: %w", err))
	}
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
