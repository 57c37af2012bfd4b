package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Redriver gives events in the DLQ another chance.
type Redriver struct {
	Items        ItemMover // GetMany's items are as they are now
	Queue        BatchSender
	Checkpoints  CheckpointStore
	BronzeBucket string
	Now          func() time.Time
}

// RedriveResult is what became of a message of the DLQ. Without Err it is to be deleted there.
type RedriveResult struct {
	Event  Event
	Status Status // ENQUEUED: it is on the queue; PROCESSED: it was at its end already
	Err    error
}

// ReadMessage returns the event of a queue's or DLQ's message.
func ReadMessage(body []byte, bronzeBucket string) (Event, error) {
	var event Event
	if err := json.Unmarshal(body, &event); err != nil {
		return Event{}, &Error{Code: InvalidMessage, Detail: "the message is not JSON of an event", Err: err}
	}
	if err := event.Validate(bronzeBucket); err != nil {
		return Event{}, err
	}
	return event, nil
}

// Redrive sets the events of messages ENQUEUED, those that a killed worker left so, too, and puts them on the queue. The order makes a crash harmless: until a
// message is deleted it can be redriven again, and an event that was reopened without being sent is the reconciler's.
func (r Redriver) Redrive(ctx context.Context, messages [][]byte) []RedriveResult {
	results := make([]RedriveResult, len(messages))
	var ids []string
	var earliest time.Time
	for i, body := range messages {
		event, err := ReadMessage(body, r.BronzeBucket)
		results[i] = RedriveResult{Event: event, Err: err}
		if err != nil {
			continue
		}
		if !slices.Contains(ids, event.ID) {
			ids = append(ids, event.ID)
		}
		if earliest.IsZero() || event.ReceivedAt.Before(earliest) {
			earliest = event.ReceivedAt
		}
	}
	if len(ids) == 0 {
		return results
	}
	items, err := r.Items.GetMany(ctx, ids)
	if err == nil {
		err = Rewind(ctx, r.Checkpoints, earliest, r.Now())
	}
	var open []int
	for i := range results {
		switch {
		case results[i].Err != nil:
		case err != nil:
			results[i].Err = unavailable("prepare the redrive", err)
		default:
			results[i].Event, results[i].Status, results[i].Err = r.reopen(ctx, results[i].Event, items)
			if results[i].Err == nil && results[i].Status == Enqueued {
				open = append(open, i)
			}
		}
	}
	events := make([]Event, len(open))
	for n, i := range open {
		events[n] = results[i].Event
	}
	for n, err := range r.Queue.SendMany(ctx, events) {
		if err != nil {
			results[open[n]].Err = unavailable("queue the event", err)
		}
	}
	return results
}

// reopen sets an event ENQUEUED in a new generation and returns it as its message must be. Without one, a FAILED that a
// worker wrote before, but that arrives after, would fail the event with no message in the DLQ any more.
func (r Redriver) reopen(ctx context.Context, event Event, items map[string]Item) (Event, Status, error) {
	item, ok := items[event.ID]
	switch {
	case !ok: // it has expired, or was never written: the worker makes it
		return event, Enqueued, nil
	case item.Bronze != event.Bronze:
		return event, item.Status, Errorf(InvalidMessage, "the event with this id has another payload: its idempotency key was used again")
	case item.Status == Processed:
		return item.Event, Processed, nil
	}
	next := item.Reopened(item.Replay.NextRedrive(), r.Now())
	ok, err := moved(r.Items.Move(ctx, item, next), next)
	if err != nil {
		return event, item.Status, unavailable("reopen the event", err)
	}
	if !ok {
		return event, item.Status, unavailable("reopen the event", fmt.Errorf("%w: somebody else has moved it", ErrChanged))
	}
	items[event.ID] = next // for a second message of the same event
	return next.Event, Enqueued, nil
}
