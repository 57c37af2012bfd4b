package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// BronzeWriter stores raw payloads, write-once.
type BronzeWriter interface {
	// Put stores body under key. ErrExists: the key is taken, be it by an earlier try of this call; nothing was written.
	Put(ctx context.Context, key string, body []byte) error
}

// ItemCreator starts the item of a new event.
type ItemCreator interface {
	// Create stores the item. ErrExists: the event has one already; nothing was written.
	Create(ctx context.Context, item Item) error
}

// Sender puts references on the queue.
type Sender interface {
	// Send returns once the queue holds the reference. After an error it may hold it, too.
	Send(ctx context.Context, event Event) error
}

// Ingest accepts events.
type Ingest struct {
	Bronze          BronzeWriter
	Items           ItemCreator
	Queue           Sender
	BronzeBucket    string
	MaxPayloadBytes int
	StatusRetention time.Duration // 0 keeps items for ever
	Now             func() time.Time
	NewID           func() (string, error) // a UUIDv7
}

// Accept makes an event of a request's body. When it returns without error the payload is in Bronze byte for byte, the
// item is in the table and the reference is on the queue. Whatever it refuses it stores nothing of; when a service
// fails on the way, its error is Unavailable and the event may still be processed.
func (in Ingest) Accept(ctx context.Context, body []byte) (Event, error) {
	if len(body) > in.MaxPayloadBytes {
		return Event{}, Errorf(PayloadTooLarge, "The body has %d bytes; at most %d are accepted.", len(body), in.MaxPayloadBytes)
	}
	eventType, err := DecodeType(body)
	if err != nil {
		return Event{}, err
	}
	event, err := in.event(eventType, body)
	if err != nil {
		return Event{}, err
	}
	// Bronze first: nothing may refer to a payload that is not there.
	if err := in.Bronze.Put(ctx, event.Bronze.Key, body); err != nil && !errors.Is(err, ErrExists) {
		return event, unavailable("store the payload", err)
	}
	return event, in.announce(ctx, event)
}

func (in Ingest) event(eventType string, body []byte) (Event, error) {
	id, err := in.NewID()
	if err != nil {
		return Event{}, &Error{Code: Internal, Detail: "make an event id", Err: err}
	}
	sum := sha256.Sum256(body)
	event := Event{
		ID:         id,
		Type:       eventType,
		ReceivedAt: in.Now().UTC().Truncate(time.Millisecond),
		SHA256:     hex.EncodeToString(sum[:]),
		Bytes:      len(body),
	}
	event.Bronze = Location{Bucket: in.BronzeBucket, Key: event.BronzeKey()}
	return event, nil
}

// announce writes the item and sends the reference side by side: neither needs the other, since the worker makes the
// item when it comes first.
func (in Ingest) announce(ctx context.Context, event Event) error {
	created := make(chan error, 1)
	go func() {
		item := Item{Event: event, Status: Enqueued, ExpiresAt: Expiry(event, in.StatusRetention)}
		created <- in.Items.Create(ctx, item)
	}()
	sent := in.Queue.Send(ctx, event)
	// The id is new, so an item that exists is the worker's, which was faster, or this call's own earlier try.
	if err := <-created; err != nil && !errors.Is(err, ErrExists) {
		return unavailable("store the event's item", err)
	}
	if sent != nil {
		return unavailable("queue the event", sent)
	}
	return nil
}

func unavailable(what string, err error) error {
	return &Error{Code: Unavailable, Detail: what, Err: err}
}
