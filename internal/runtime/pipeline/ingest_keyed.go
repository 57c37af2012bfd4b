package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// acceptKeyed accepts an event with an idempotency key. Of several requests with the same key, the
// one that creates the item counts as the first.
//
// acceptKeyed writes the item before the message. Every message therefore carries the first
// request's event.
func (in Ingest) acceptKeyed(
	ctx context.Context, req Request, eventType, key string,
) (Accepted, error) {
	event := in.newEvent(keyedID(req.Caller, key), eventType, req)
	event.Bronze.Key = event.KeyedBronzeKey()

	if first, ok := in.KeyCache.get(event.ID); ok && !first.Expired(event.ReceivedAt) {
		return Accepted{Event: first.Event, Duplicate: true}, checkSamePayload(first, event)
	}
	// If the key was used before, this read avoids a write of the payload. A write costs forty
	// times as much as a read.
	first, err := in.Items.Find(ctx, event.ID)
	if err == nil && !first.Expired(event.ReceivedAt) {
		return Accepted{Event: first.Event, Duplicate: true}, in.completeFirst(ctx, first, event)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Accepted{Event: event}, unavailable("look up the idempotency key", err)
	}
	if err := in.store(ctx, event, req.Body); err != nil {
		return Accepted{Event: event}, err
	}
	item := in.newItem(event)
	if item.RequestID, err = in.NewID(); err != nil {
		return Accepted{}, wrapError(Internal, "create a request id", err)
	}
	first, err = in.Items.Create(ctx, item)
	if errors.Is(err, ErrExists) {
		own := first.RequestID == item.RequestID // stored by an earlier attempt of this call
		return Accepted{Event: first.Event, Duplicate: !own}, in.completeFirst(ctx, first, event)
	}
	if err != nil {
		return Accepted{Event: event}, unavailable("store the event's item", err)
	}
	return Accepted{Event: event}, in.completeFirst(ctx, item, event)
}

// maxKeyLength limits an idempotency key, in characters.
const maxKeyLength = 255

// checkKey returns an error if the key does not have 1 to maxKeyLength visible ASCII characters.
// Clients and proxies don't change these characters in a header.
func checkKey(key string) error {
	if key == "" || len(key) > maxKeyLength {
		return Errorf(InvalidKey, "The Idempotency-Key must have 1 to %d characters, got %d.",
			maxKeyLength, len(key))
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return Errorf(InvalidKey,
				"The Idempotency-Key must contain visible ASCII characters only.")
		}
	}
	return nil
}

// keyedID returns the event id for a caller's idempotency key. The id is a UUIDv8 (RFC 9562) from a
// hash of the caller and the key, so that no index of keys is necessary.
func keyedID(caller, key string) string {
	sum := sha256.Sum256([]byte(caller + "\x00" + key)) // a client's key contains no NUL
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	text := hex.EncodeToString(sum[:16])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// completeFirst returns an error if the key's first request had another payload. If the event is
// still ENQUEUED, completeFirst sends its message. The first request can have crashed before it
// sent the message.
func (in Ingest) completeFirst(ctx context.Context, first Item, event Event) error {
	if err := checkSamePayload(first, event); err != nil {
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

// checkSamePayload returns an error if two requests with the same key have different payloads.
//
// It ignores webhooks, because a source can change the payload when it repeats a delivery. For
// example, Stripe's events contain the number of pending deliveries.
func checkSamePayload(first Item, event Event) error {
	if event.Webhook != nil {
		return nil
	}
	if first.SHA256 != event.SHA256 {
		return keyReused()
	}
	return nil
}

func keyReused() error {
	return Errorf(KeyReused,
		"This Idempotency-Key, or the source and id of this CloudEvent, was used for another "+
			"payload. Use a new key for a new event.")
}
