package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Discarder prepares messages of the DLQ for their deletion.
type Discarder struct {
	Items        ItemFinisher
	BronzeBucket string
	Now          func() time.Time
}

// Discard makes sure that the events of dead letters are finished, and returns an error, or nil,
// for each one. Only those without an error may be deleted from the DLQ. An event that a crashed
// worker left ENQUEUED becomes FAILED; otherwise the reconciler would enqueue it again.
func (d Discarder) Discard(ctx context.Context, deadLetters []DeadLetter) []error {
	errs := make([]error, len(deadLetters))
	events := make([]Event, len(deadLetters))
	for i, deadLetter := range deadLetters {
		events[i], _ = ReadMessage(deadLetter.Body, d.BronzeBucket) // invalid: nothing to finish
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
		return nil // by a late worker, an earlier attempt or another dead letter of the event
	}
	if err != nil {
		return fmt.Errorf("mark the event FAILED: %w", err)
	}
	return nil
}
