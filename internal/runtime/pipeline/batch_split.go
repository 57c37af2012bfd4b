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

func (t *task) hasParts() bool { return t.unresolved() && len(t.batch.parts) > 0 }

// splitOff returns the spans of the parts, as the batch's item stores them.
func (s batchObject) splitOff() string {
	var spans []Span
	for _, part := range s.parts {
		spans = append(spans, part.span())
	}
	return formatSpans(spans)
}

// splitOff creates the item of each part. A part with a permanent error is FAILED. Any other part
// is ENQUEUED and gets a message.
//
// After a crash, a second call repeats the messages and notifications of unfinished parts.
func (w Worker) splitOff(ctx context.Context, t *task) error {
	items, err := getItems(ctx, w.Items, t.batch.parts, func(e Event) string { return e.ID })
	if err != nil {
		return err
	}
	parts, errs := make([]createdPart, len(t.batch.parts)), make([]error, len(t.batch.parts))
	forEach(t.batch.parts, func(i int, part Event) {
		parts[i], errs[i] = w.createPart(ctx, t, part, items)
	})
	var enqueued []Event
	var notifications []Notification
	for i, part := range parts {
		if part.enqueue != nil {
			enqueued = append(enqueued, *part.enqueue)
		}
		if part.failed != nil {
			notifications = append(notifications, NewNotification(*part.failed))
		}
		if part.failure != nil {
			t.SplitOff = append(t.SplitOff, SplitOff{t.batch.parts[i], part.failure})
		}
	}
	errs = append(errs, w.Queue.SendMany(ctx, enqueued)...)
	if len(notifications) > 0 {
		errs = append(errs, w.Bus.Publish(ctx, notifications)...)
	}
	if err := errors.Join(errs...); err != nil {
		return unavailable("split off events of the batch", err)
	}
	for _, event := range enqueued {
		t.SplitOff = append(t.SplitOff, SplitOff{Event: event})
	}
	return nil
}

// createdPart describes the remaining work for a part that has an item. It is zero if no work
// remains.
type createdPart struct {
	enqueue *Event // the event whose message must be sent, or nil
	failed  *Item  // the item whose EventFailed must be published, or nil
	failure error  // why this delivery has set the part to FAILED, or nil
}

// createPart creates the item of a part.
func (w Worker) createPart(
	ctx context.Context, t *task, part Event, items map[string]Item,
) (createdPart, error) {
	existing, ok := items[part.ID]
	if !ok || existing.Bronze != part.Bronze {
		if failure := t.batch.failures[part.span().First]; failure != nil && !part.IsBatch() {
			return w.failPart(ctx, t, part, failure)
		}
		item := Item{
			Event: part, Status: Enqueued, EnqueuedAt: toMillis(w.Now()),
			ExpiresAt: Expiry(part, w.StatusRetention),
		}
		var err error
		existing, err = w.Items.Create(ctx, item)
		if err == nil {
			return createdPart{enqueue: &part}, nil
		}
		if !errors.Is(err, ErrExists) {
			return createdPart{}, err
		}
		if existing.Bronze != part.Bronze {
			return createdPart{}, Errorf(InvalidMessage,
				"the id %s belongs to another batch with the same idempotency key", part.ID)
		}
	}
	// The replay enqueues existing parts as separate events. A replayed batch therefore sends no
	// messages for them.
	if t.batch.replayed {
		return createdPart{}, nil
	}
	return existingPart(part, existing), nil
}

// existingPart describes the remaining work for a part that another delivery has created.
func existingPart(part Event, item Item) createdPart {
	switch {
	case item.Status == Enqueued:
		return createdPart{enqueue: &item.Event}
	case item.Status == Failed && item.Replay.SameGeneration(part.Replay):
		return createdPart{failed: &item} // that delivery's worker can have crashed since
	}
	return createdPart{}
}

// failPart sets a part that can't be processed to FAILED.
func (w Worker) failPart(
	ctx context.Context, t *task, part Event, cause error,
) (createdPart, error) {
	body, err := newMessage(part)
	if err != nil {
		return createdPart{}, err
	}
	deadLetter := DeadLetter{
		Body: body, EventID: part.ID, EventType: part.Type, Attempts: t.Delivery.Attempt,
		FailedAt: toMillis(w.Now()), Failure: NewFailure(cause),
	}
	item := deadLetter.failedItem(part, w.StatusRetention)
	err = moveToDLQ(ctx, deadLetter, item, w.DeadLetters, w.Items)
	var moved *TransitionError
	if errors.As(err, &moved) {
		return existingPart(part, moved.From), nil
	}
	if err != nil {
		return createdPart{}, err
	}
	return createdPart{failed: &item, failure: cause}, nil
}
