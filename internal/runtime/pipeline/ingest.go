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
	// Put stores body under key. It returns ErrExists, and writes nothing, if the key exists,
	// possibly from an earlier attempt of this call.
	Put(ctx context.Context, key string, body []byte) error
}

// ItemCreator creates the items of new events.
type ItemCreator interface {
	// Find returns an event's item by an eventually consistent read, or ErrNotFound.
	Find(ctx context.Context, id string) (Item, error)
	// Create stores the item, unless the event has an item that had not expired at item.EnqueuedAt.
	// Then it returns the existing item and ErrExists. An earlier attempt of this call may have
	// stored it.
	Create(ctx context.Context, item Item) (existing Item, err error)
}

// Sender puts an event's message on the queue.
type Sender interface {
	// Send returns once the queue holds the message. After an error the queue may hold it too.
	Send(ctx context.Context, event Event) error
}

// PayloadSchemas validates payloads against the schemas of their types.
type PayloadSchemas interface {
	// Check returns the first violation in a payload that DecodeType has accepted: a JSON pointer
	// into the payload and the schema's keyword. The keyword of a valid payload is "". known is
	// false if the type has no schema. The error reports an exceeded validation budget.
	Check(eventType string, payload []byte) (pointer, keyword string, known bool, err error)
}

// Ingest accepts events.
type Ingest struct {
	Bronze             BronzeWriter
	Items              ItemCreator
	Queue              Sender
	Schemas            PayloadSchemas // nil validates nothing
	RejectUnknownTypes bool           // rejects types without a schema
	KeyCache           *KeyCache      // nil disables the cache
	BronzeBucket       string
	MaxPayloadBytes    int
	StatusRetention    time.Duration // lifetime of items; 0 means unlimited
	Now                func() time.Time
	NewID              func() (string, error) // returns a UUIDv7
}

// Request represents a client's request to accept an event.
type Request struct {
	Body   []byte
	Keyed  bool   // true if Key is set; the empty key is invalid
	Key    string // idempotency key: requests of a caller with the same key are the same event
	Caller string // sender as named by the authorizer
}

// Accepted holds the result of a request.
type Accepted struct {
	Event     Event
	Duplicate bool // an earlier request with the same key and payload was accepted
}

// Accept turns a request into an event. If it returns no error, Bronze holds the payload byte for
// byte, the table the item and the queue the message, unless a worker was faster. A rejected
// request stores nothing. If a service fails, the error's code is Unavailable, and the event may
// still be processed.
func (in Ingest) Accept(ctx context.Context, req Request) (Accepted, error) {
	if len(req.Body) > in.MaxPayloadBytes {
		return Accepted{}, Errorf(PayloadTooLarge,
			"The body has %d bytes; at most %d are accepted.", len(req.Body), in.MaxPayloadBytes)
	}
	eventType, err := DecodeType(req.Body)
	if err != nil {
		return Accepted{}, err
	}
	if err := in.validate(eventType, req.Body); err != nil {
		return Accepted{}, err
	}
	if req.Keyed {
		return in.acceptKeyed(ctx, req, eventType)
	}
	id, err := in.NewID()
	if err != nil {
		return Accepted{}, wrapError(Internal, "create an event id", err)
	}
	event := in.newEvent(id, eventType, req)
	event.Bronze.Key = event.BronzeKey()
	// Bronze comes first: an item or a message must never refer to a missing payload.
	if err := in.store(ctx, event, req.Body); err != nil {
		return Accepted{Event: event}, err
	}
	return Accepted{Event: event}, in.enqueue(ctx, event)
}

func (in Ingest) validate(eventType string, body []byte) error {
	var pointer, keyword string
	var known bool
	var tooComplex error
	if in.Schemas != nil {
		pointer, keyword, known, tooComplex = in.Schemas.Check(eventType, body)
	}
	switch {
	case tooComplex != nil:
		return wrapError(PayloadTooComplex, "The payload takes too long to validate against its "+
			"type's schema. Nest it less deeply, or send smaller events.", tooComplex)
	case !known && in.RejectUnknownTypes:
		err := Errorf(UnknownEventType, "There is no schema for events of this type. "+
			"Only types with a schema are accepted.")
		err.Pointer = "/eventType"
		return err
	case keyword != "":
		err := Errorf(SchemaViolation,
			"The payload does not match its type's schema: it violates the keyword %q.", keyword)
		if len(pointer) <= maxPointerBytes {
			err.Pointer = pointer
		}
		return err
	}
	return nil
}

func (in Ingest) newEvent(id, eventType string, req Request) Event {
	sum := sha256.Sum256(req.Body)
	return Event{
		ID:         id,
		Type:       eventType,
		ReceivedAt: toMillis(in.Now()),
		SHA256:     hex.EncodeToString(sum[:]),
		Bytes:      len(req.Body),
		Caller:     req.Caller,
		Bronze:     Location{Bucket: in.BronzeBucket},
	}
}

func (in Ingest) store(ctx context.Context, event Event, body []byte) error {
	err := in.Bronze.Put(ctx, event.Bronze.Key, body)
	if err != nil && !errors.Is(err, ErrExists) {
		return unavailable("store the payload", err)
	}
	return nil
}

// enqueue writes the item and sends the message in parallel. Neither needs the other: a worker that
// receives the message first creates the item.
func (in Ingest) enqueue(ctx context.Context, event Event) error {
	created := make(chan error, 1)
	go func() {
		_, err := in.Items.Create(ctx, in.newItem(event))
		created <- err
	}()
	sendErr := in.send(ctx, event)
	// The id is new, so an existing item was written by a worker or by an earlier attempt of this
	// call.
	if err := <-created; err != nil && !errors.Is(err, ErrExists) {
		return unavailable("store the event's item", err)
	}
	return sendErr
}

func (in Ingest) newItem(event Event) Item {
	return Item{
		Event: event, Status: Enqueued, EnqueuedAt: event.ReceivedAt,
		ExpiresAt: Expiry(event, in.StatusRetention),
	}
}

func (in Ingest) send(ctx context.Context, event Event) error {
	if err := in.Queue.Send(ctx, event); err != nil {
		return unavailable("enqueue the event", err)
	}
	return nil
}
