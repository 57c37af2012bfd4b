package pipeline

import (
	"context"
	"errors"
)

// SplitOff describes an event or a range that was split off a batch.
type SplitOff struct {
	Event Event
	Err   error // permanent error of an event that is FAILED; nil if the part was enqueued
}

func (t *task) hasParts() bool { return t.open() && len(t.batch.parts) > 0 }

// splitOff returns the spans of the parts, as the batch's item stores them.
func (s stored) splitOff() string {
	var spans []Span
	for _, part := range s.parts {
		spans = append(spans, part.span())
	}
	return formatSpans(spans)
}

// splitOff creates the item of each part. The part is ENQUEUED and gets a message, or it is FAILED
// because of a permanent error in this delivery. Only afterwards does the batch become PROCESSED.
// After a crash, the next delivery calls splitOff again. This call skips finished parts, and sends
// the messages of the other parts again.
func (w Worker) splitOff(ctx context.Context, t *task) error {
	items, err := getItems(ctx, w.Items, t.batch.parts, func(e Event) string { return e.ID })
	if err != nil {
		return err
	}
	events := make([]*Event, len(t.batch.parts))
	failures, errs := make([]error, len(events)), make([]error, len(events))
	forEach(t.batch.parts, func(i int, part Event) {
		events[i], failures[i], errs[i] = w.createPart(ctx, t, part, items)
	})
	var enqueued []Event
	for i, event := range events {
		if event != nil {
			enqueued = append(enqueued, *event)
		}
		if failures[i] != nil {
			t.SplitOff = append(t.SplitOff, SplitOff{t.batch.parts[i], failures[i]})
		}
	}
	errs = append(errs, w.Queue.SendMany(ctx, enqueued)...)
	if err := errors.Join(errs...); err != nil {
		return unavailable("split off events of the batch", err)
	}
	for _, event := range enqueued {
		t.SplitOff = append(t.SplitOff, SplitOff{Event: event})
	}
	return nil
}

// createPart creates the item of a part. It returns the event to enqueue, or the permanent error of
// an event that is now FAILED. If the part is already finished, it returns neither.
func (w Worker) createPart(
	ctx context.Context, t *task, part Event, items map[string]Item,
) (enqueue *Event, failure, err error) {
	existing, ok := items[part.ID]
	if !ok || existing.Bronze != part.Bronze {
		if failure := t.batch.failures[part.span().First]; failure != nil && !part.IsBatch() {
			return w.failPart(ctx, t, part, failure)
		}
		item := Item{
			Event: part, Status: Enqueued, EnqueuedAt: toMillis(w.Now()),
			ExpiresAt: Expiry(part, w.StatusRetention),
		}
		existing, err = w.Items.Create(ctx, item)
		if err == nil {
			return &part, nil, nil
		}
		if !errors.Is(err, ErrExists) {
			return nil, nil, err
		}
		if existing.Bronze != part.Bronze {
			return nil, nil, Errorf(InvalidMessage,
				"the id %s belongs to another batch: its idempotency key was reused", part.ID)
		}
	}
	// A replay does not send the messages of existing parts. These parts were enqueued when the
	// object was first stored, and the replay itself may have enqueued them again.
	if existing.Status == Enqueued && !t.batch.replayed {
		return &existing.Event, nil, nil
	}
	return nil, nil, nil
}

// failPart sets a part that can't be processed to FAILED. It has the same results as createPart.
func (w Worker) failPart(
	ctx context.Context, t *task, part Event, cause error,
) (enqueue *Event, failure, err error) {
	body, err := newMessage(part)
	if err != nil {
		return nil, nil, err
	}
	deadLetter := DeadLetter{
		Body: body, EventID: part.ID, EventType: part.Type, Attempts: t.Delivery.Attempt,
		FailedAt: toMillis(w.Now()), Failure: NewFailure(cause),
	}
	item := deadLetter.failedItem(part, w.StatusRetention)
	err = moveToDLQ(ctx, deadLetter, item, w.DeadLetters, w.Items)
	var moved *TransitionError
	switch {
	case errors.As(err, &moved) && moved.From.Status == Enqueued: // created by another delivery
		return &moved.From.Event, nil, nil
	case errors.As(err, &moved):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	}
	// If publish fails, the delivery is not retried, because the next delivery would skip the
	// FAILED event.
	return nil, errors.Join(cause, publish(ctx, w.Bus, item)), nil
}
