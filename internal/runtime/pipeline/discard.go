package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Discarder finishes the events of messages that are about to be deleted from the DLQ.
type Discarder struct {
	Items        ItemUpdater
	BronzeBucket string
	Now          func() time.Time
}

// Discard finishes the events of dead letters. It returns an error for each dead letter, or nil if
// the message can be deleted from the DLQ.
//
// If a crashed worker left an event ENQUEUED, Discard marks it FAILED. The reconciler then does not
// enqueue the event again.
func (d Discarder) Discard(ctx context.Context, deadLetters []DeadLetter) []error {
	errs := make([]error, len(deadLetters))
	events := make([]Event, len(deadLetters))
	for i, deadLetter := range deadLetters {
		events[i], _ = ReadMessage(deadLetter.Body, d.BronzeBucket) // zero if invalid
	}
	items, err := getItems(ctx, d.Items, events, func(e Event) string { return e.ID })
	for i, event := range events {
		item, ok := items[event.ID]
		switch {
		case event.ID == "":
		case err != nil:
			errs[i] = err
		case ok && item.Status == Enqueued && item.Replay.SameGeneration(event.Replay):
			errs[i] = d.fail(ctx, event, deadLetters[i])
		}
	}
	return errs
}

func (d Discarder) fail(ctx context.Context, event Event, deadLetter DeadLetter) error {
	if deadLetter.Failure.Code == "" {
		deadLetter.Failure = Failure{NotFinished,
			"the worker crashed at the last delivery, and the message was discarded from the DLQ"}
	}
	if deadLetter.FailedAt.IsZero() {
		deadLetter.FailedAt = toMillis(d.Now())
	}
	err := d.Items.Finish(ctx, deadLetter.failedItem(event, 0))
	var moved *TransitionError
	if errors.As(err, &moved) && moved.From.Status != Enqueued {
		return nil // finished by a late worker, an earlier attempt or another dead letter
	}
	if err != nil {
		return fmt.Errorf("mark the event FAILED: %w", err)
	}
	return nil
}
