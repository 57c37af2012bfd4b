package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// DeadLetter is a message that the DLQ holds, with the reason for which it is there.
type DeadLetter struct {
	Body      []byte // as the queue had it
	EventID   string // "" if the message is none of ours
	EventType string
	Failure   Failure
	Attempts  int // deliveries
	FailedAt  time.Time
}

// item is what the letter's event becomes.
func (l DeadLetter) item(event Event, retention time.Duration) Item {
	return Item{
		Event:     event,
		Status:    Failed,
		Attempts:  l.Attempts,
		FailedAt:  l.FailedAt,
		Failure:   l.Failure,
		ExpiresAt: Expiry(event, retention),
	}
}

// bury puts the letter in the DLQ and then marks its event, if it is one of ours, FAILED. After an error, even a
// *TransitionError, the DLQ may hold a letter of an event that is not FAILED: redrive and drop know what to do with it.
func bury(ctx context.Context, letter DeadLetter, item Item, queue DeadLetterQueue, items interface {
	Finish(ctx context.Context, item Item) error
}) error {
	if err := queue.Send(ctx, letter); err != nil {
		return fmt.Errorf("send the message to the DLQ: %w", err)
	}
	if item.ID == "" {
		return nil
	}
	err := items.Finish(ctx, item)
	var moved *TransitionError
	if errors.As(err, &moved) && moved.From.Status == Failed && moved.From.FailedAt.Equal(item.FailedAt) {
		return nil // by this call's own earlier try
	}
	if err != nil {
		return fmt.Errorf("mark the event FAILED: %w", err)
	}
	return nil
}

// message is the queue's message of an event.
func message(event Event) ([]byte, error) {
	body, err := json.Marshal(event)
	if err != nil {
		return nil, &Error{Code: Internal, Detail: "write the message", Err: err}
	}
	return body, nil
}
