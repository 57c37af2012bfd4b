package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// DeadLetter represents a message in the DLQ, with the reason of its event's failure.
type DeadLetter struct {
	Body      []byte // message body, unchanged
	EventID   string // "" if the message carries no valid event
	EventType string
	Failure   Failure
	Attempts  int // number of deliveries
	FailedAt  time.Time
}

// failedItem returns the FAILED item of the dead letter's event.
func (l DeadLetter) failedItem(event Event, retention time.Duration) Item {
	return Item{
		Event:     event,
		Status:    Failed,
		Attempts:  l.Attempts,
		FailedAt:  l.FailedAt,
		Failure:   l.Failure,
		ExpiresAt: Expiry(event, retention),
	}
}

// moveToDLQ puts the dead letter in the DLQ and then marks its event FAILED. For a message without
// a valid event, it changes no item.
//
// After an error, even a *TransitionError, the DLQ can hold the message of an event that is not
// FAILED. Redriver and Discarder handle such messages.
func moveToDLQ(
	ctx context.Context, deadLetter DeadLetter, item Item, queue DeadLetterQueue,
	items ItemUpdater,
) error {
	if err := queue.Send(ctx, deadLetter); err != nil {
		return fmt.Errorf("send the message to the DLQ: %w", err)
	}
	if item.ID == "" {
		return nil
	}
	err := items.Finish(ctx, item)
	var moved *TransitionError
	if errors.As(err, &moved) && moved.From.Status == Failed &&
		moved.From.FailedAt.Equal(item.FailedAt) {
		return nil // an earlier attempt of this call succeeded
	}
	if err != nil {
		return fmt.Errorf("mark the event FAILED: %w", err)
	}
	return nil
}
