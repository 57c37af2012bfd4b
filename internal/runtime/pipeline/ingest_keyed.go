package pipeline

import (
	"context"
	"errors"
)

// acceptKeyed accepts an event under an idempotency key. The item decides which of the requests with one key was the
// first, so it is written before the reference is sent: every message of the event is the first request's.
func (in Ingest) acceptKeyed(ctx context.Context, req Request, eventType string) (Accepted, error) {
	if err := checkKey(req.Key); err != nil {
		return Accepted{}, err
	}
	event := in.event(keyedID(req.Caller, req.Key), eventType, req)
	event.Bronze.Key = event.KeyedBronzeKey()

	if first, ok := in.KeyCache.get(event.ID); ok && !first.Expired(event.ReceivedAt) {
		return Accepted{Event: first.Event, Duplicate: true}, checkPayload(first, event)
	}
	// A read costs a fortieth of the payload's write, and a repeat, or a key used for another payload, then stores nothing.
	first, err := in.Items.Find(ctx, event.ID)
	if err == nil && !first.Expired(event.ReceivedAt) {
		return Accepted{Event: first.Event, Duplicate: true}, in.helpAlong(ctx, first, event)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Accepted{Event: event}, unavailable("look up the idempotency key", err)
	}
	if err := in.store(ctx, event, req.Body); err != nil {
		return Accepted{Event: event}, err
	}
	item := in.item(event)
	first, err = in.Items.Create(ctx, item)
	if errors.Is(err, ErrExists) {
		// The first's item in the same place at the same moment is this request's own: its write was tried twice.
		own := first.Bronze == event.Bronze && first.ReceivedAt.Equal(event.ReceivedAt)
		return Accepted{Event: first.Event, Duplicate: !own}, in.helpAlong(ctx, first, event)
	}
	if err != nil {
		return Accepted{Event: event}, unavailable("store the event's item", err)
	}
	return Accepted{Event: event}, in.helpAlong(ctx, item, event)
}

// helpAlong does for the first request with the key what it may not have got to do itself.
func (in Ingest) helpAlong(ctx context.Context, first Item, event Event) error {
	if err := checkPayload(first, event); err != nil {
		return err
	}
	if first.Status == Enqueued {
		if err := in.send(ctx, first.Event); err != nil {
			return err
		}
	}
	in.KeyCache.add(first)
	return nil
}

func checkPayload(first Item, event Event) error {
	if first.SHA256 != event.SHA256 {
		return Errorf(KeyReused, "Another payload was accepted with this Idempotency-Key. Use a new key for a new event.")
	}
	return nil
}
