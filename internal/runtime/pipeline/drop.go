package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// DropItems are the items as a drop sees and moves them. GetMany's are as they are now.
type DropItems interface {
	GetMany(ctx context.Context, ids []string) (map[string]Item, error)
	// Finish is ItemStore's.
	Finish(ctx context.Context, item Item) error
}

// Discarder gives events in the DLQ up.
type Discarder struct {
	Items        DropItems
	BronzeBucket string
	Now          func() time.Time
}

// Filter sees to it that the events of letters are at their end before the letters go, and returns an error, or nil, for
// each: one with an error is to stay. An event that a killed worker left ENQUEUED becomes FAILED here, or the reconciler
// would enqueue it again.
func (d Discarder) Discard(ctx context.Context, letters []DeadLetter) []error {
	errs := make([]error, len(letters))
	events := make([]Event, len(letters))
	var ids []string
	for i, letter := range letters {
		event, err := ReadMessage(letter.Body, d.BronzeBucket)
		if err != nil {
			continue // it is no event's
		}
		events[i] = event
		if !slices.Contains(ids, event.ID) {
			ids = append(ids, event.ID)
		}
	}
	if len(ids) == 0 {
		return errs
	}
	items, err := d.Items.GetMany(ctx, ids)
	for i, event := range events {
		switch item, ok := items[event.ID]; {
		case event.ID == "":
		case err != nil:
			errs[i] = unavailable("look up the event's item", err)
		case ok && item.Status == Enqueued && item.Replay.SameGeneration(event.Replay):
			errs[i] = d.fail(ctx, event, letters[i])
		}
	}
	return errs
}

func (d Discarder) fail(ctx context.Context, event Event, letter DeadLetter) error {
	if letter.Failure.Code == "" {
		letter.Failure = Failure{NotFinished, "the worker was killed at its last delivery, and the message was dropped from the DLQ"}
	}
	if letter.FailedAt.IsZero() {
		letter.FailedAt = d.Now().UTC().Truncate(time.Millisecond)
	}
	err := d.Items.Finish(ctx, letter.item(event, 0))
	var moved *TransitionError
	if errors.As(err, &moved) && moved.From.Status != Enqueued {
		return nil // a late worker was faster, or this call's own earlier try, or another letter of the same event
	}
	if err != nil {
		return fmt.Errorf("mark the event FAILED: %w", err)
	}
	return nil
}
