package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// BatchSender puts the messages of many events on the queue.
type BatchSender interface {
	// SendMany sends the messages of any number of events. It returns an error or nil for each
	// event, in the order of the events.
	SendMany(ctx context.Context, events []Event) []error
}

// Redriver moves events from the DLQ back to the queue.
type Redriver struct {
	Items        ItemUpdater
	Queue        BatchSender
	Checkpoints  CheckpointStore
	BronzeBucket string
	Now          func() time.Time
}

// RedriveResult describes the outcome for one message of the DLQ. If Err is nil, the message must
// be deleted from the DLQ.
type RedriveResult struct {
	Event  Event
	Status Status // ENQUEUED if the queue holds the event, PROCESSED if it was finished before
	Err    error
}

// Redrive sets the events of DLQ messages to ENQUEUED and puts them on the queue. This includes
// events that a crashed worker left ENQUEUED. PROCESSED events do not change.
//
// A crash before the events are on the queue is harmless. The DLQ still holds the messages, and the
// reconciler enqueues the ENQUEUED events that have no message.
func (r Redriver) Redrive(ctx context.Context, messages [][]byte) []RedriveResult {
	results := make([]RedriveResult, len(messages))
	var earliest time.Time
	for i, body := range messages {
		event, err := ReadMessage(body, r.BronzeBucket)
		results[i] = RedriveResult{Event: event, Err: err}
		if err == nil && (earliest.IsZero() || event.ReceivedAt.Before(earliest)) {
			earliest = event.ReceivedAt
		}
	}
	if earliest.IsZero() { // no valid message
		return results
	}
	id := func(r RedriveResult) string { return r.Event.ID }
	items, err := getItems(ctx, r.Items, results, id)
	if err == nil {
		err = Rewind(ctx, r.Checkpoints, earliest, r.Now())
	}
	var reopened []*RedriveResult
	var events []Event
	for i := range results {
		result := &results[i]
		switch {
		case result.Err != nil:
		case err != nil:
			result.Err = err
		default:
			result.Event, result.Status, result.Err = r.reopen(ctx, result.Event, items)
			if result.Err == nil && result.Status == Enqueued {
				reopened, events = append(reopened, result), append(events, result.Event)
			}
		}
	}
	for i, err := range r.Queue.SendMany(ctx, events) {
		if err != nil {
			reopened[i].Err = unavailable("enqueue the event", err)
		}
	}
	return results
}

// reopen sets a FAILED or ENQUEUED event to ENQUEUED in a new generation. A worker of the old
// generation can then no longer mark the event FAILED.
//
// reopen returns the event that the message must carry, and the event's status.
func (r Redriver) reopen(
	ctx context.Context, event Event, items map[string]Item,
) (Event, Status, error) {
	item, ok := items[event.ID]
	switch {
	case !ok: // expired or never written: the worker creates the item
		return event, Enqueued, nil
	case item.Bronze != event.Bronze:
		return event, item.Status, Errorf(InvalidMessage,
			"the event with this id has another payload: its idempotency key was reused")
	case item.Status == Processed:
		return item.Event, Processed, nil
	}
	next := item.Reopened(item.Replay.nextRedrive(), r.Now())
	ok, err := movedTo(next, r.Items.Move(ctx, item, next))
	if err == nil && !ok {
		err = fmt.Errorf("another writer changed the item: %w", ErrChanged)
	}
	if err != nil {
		return event, item.Status, unavailable("reopen the event", err)
	}
	items[event.ID] = next // the DLQ can hold a second message of the event
	return next.Event, Enqueued, nil
}

// movedTo returns true if the stored item has the state of the item next. If another writer has
// changed the state, it returns false and no error.
//
// The parameter err is the error from Move, or nil.
func movedTo(next Item, err error) (bool, error) {
	var moved *TransitionError
	if errors.As(err, &moved) {
		return moved.From.SameState(next), nil
	}
	return err == nil, err
}
