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

// ItemCreator starts the items of new events.
type ItemCreator interface {
	// Find returns an event's item as it was a moment ago: a newer one may be there already. ErrNotFound: there was none.
	Find(ctx context.Context, id string) (Item, error)
	// Create stores the item unless the event has one that has not expired when item became ENQUEUED. ErrExists: it has,
	// maybe by an earlier try of this call; nothing was written, and old is what is there.
	Create(ctx context.Context, item Item) (old Item, err error)
}

// Sender puts references on the queue.
type Sender interface {
	// Send returns once the queue holds the reference. After an error it may hold it, too.
	Send(ctx context.Context, event Event) error
}

// PayloadSchemas hold payloads against the schemas of their types.
type PayloadSchemas interface {
	// Validate tells where a payload, which DecodeType has accepted, breaks its type's schema: a JSON pointer into the payload
	// and the schema's keyword, which is empty if the payload is as it should be. known is false for a type without schema.
	// An error says that it would take too long to tell.
	Check(eventType string, payload []byte) (pointer, keyword string, known bool, err error)
}

// Ingest accepts events.
type Ingest struct {
	Bronze             BronzeWriter
	Items              ItemCreator
	Queue              Sender
	Schemas            PayloadSchemas // nil has none
	RejectUnknownTypes bool           // those without a schema
	KeyCache           *KeyCache      // nil remembers nothing
	BronzeBucket       string
	MaxPayloadBytes    int
	StatusRetention    time.Duration // 0 keeps items for ever
	Now                func() time.Time
	NewID              func() (string, error) // a UUIDv7
}

// Request is what a client asks to accept.
type Request struct {
	Body   []byte
	Keyed  bool   // it has an idempotency key
	Key    string // makes repeats of the request the same event
	Caller string // who sends it: whose key it is, and whose event
}

// Accepted is what a client gets for its request.
type Accepted struct {
	Event     Event
	Duplicate bool // an earlier request with the same key and payload was accepted
}

// Accept makes an event of a request. When it returns without error the payload is in Bronze byte for byte, the item is
// in the table and the reference is on the queue, or the event is past that. Whatever it refuses it stores nothing of;
// when a service fails on the way, its error is Unavailable and the event may still be processed.
func (in Ingest) Accept(ctx context.Context, req Request) (Accepted, error) {
	if len(req.Body) > in.MaxPayloadBytes {
		return Accepted{}, Errorf(PayloadTooLarge, "The body has %d bytes; at most %d are accepted.", len(req.Body), in.MaxPayloadBytes)
	}
	eventType, err := DecodeType(req.Body)
	if err != nil {
		return Accepted{}, err
	}
	if err := in.checkSchema(eventType, req.Body); err != nil {
		return Accepted{}, err
	}
	if req.Keyed {
		return in.acceptKeyed(ctx, req, eventType)
	}
	id, err := in.NewID()
	if err != nil {
		return Accepted{}, &Error{Code: Internal, Detail: "make an event id", Err: err}
	}
	event := in.event(id, eventType, req)
	event.Bronze.Key = event.BronzeKey()
	// Bronze first: nothing may refer to a payload that is not there.
	if err := in.store(ctx, event, req.Body); err != nil {
		return Accepted{Event: event}, err
	}
	return Accepted{Event: event}, in.announce(ctx, event)
}

func (in Ingest) checkSchema(eventType string, body []byte) error {
	var pointer, keyword string
	var known bool
	var tooComplex error
	if in.Schemas != nil {
		pointer, keyword, known, tooComplex = in.Schemas.Check(eventType, body)
	}
	switch {
	case tooComplex != nil:
		return &Error{Code: PayloadTooComplex, Detail: "To hold the payload against its type's schema takes too long. Nest it less deeply, or send less at a time.", Err: tooComplex}
	case !known && in.RejectUnknownTypes:
		err := Errorf(UnknownEventType, "There is no schema for events of this type, and others are not accepted.")
		err.Pointer = "/eventType"
		return err
	case keyword != "":
		err := Errorf(SchemaViolation, "The payload does not match its type's schema: it breaks the keyword %q.", keyword)
		if len(pointer) <= maxPointer {
			err.Pointer = pointer
		}
		return err
	}
	return nil
}

func (in Ingest) event(id, eventType string, req Request) Event {
	sum := sha256.Sum256(req.Body)
	return Event{
		ID:         id,
		Type:       eventType,
		ReceivedAt: in.Now().UTC().Truncate(time.Millisecond),
		SHA256:     hex.EncodeToString(sum[:]),
		Bytes:      len(req.Body),
		Caller:     req.Caller,
		Bronze:     Location{Bucket: in.BronzeBucket},
	}
}

func (in Ingest) store(ctx context.Context, event Event, body []byte) error {
	if err := in.Bronze.Put(ctx, event.Bronze.Key, body); err != nil && !errors.Is(err, ErrExists) {
		return unavailable("store the payload", err)
	}
	return nil
}

func (in Ingest) item(event Event) Item {
	return Item{Event: event, Status: Enqueued, EnqueuedAt: event.ReceivedAt, ExpiresAt: Expiry(event, in.StatusRetention)}
}

// announce writes the item and sends the reference side by side: neither needs the other, since the worker makes the
// item when it comes first.
func (in Ingest) announce(ctx context.Context, event Event) error {
	created := make(chan error, 1)
	go func() {
		_, err := in.Items.Create(ctx, in.item(event))
		created <- err
	}()
	sent := in.send(ctx, event)
	// The id is new, so an item that exists is the worker's, which was faster, or this call's own earlier try.
	if err := <-created; err != nil && !errors.Is(err, ErrExists) {
		return unavailable("store the event's item", err)
	}
	return sent
}

func (in Ingest) send(ctx context.Context, event Event) error {
	if err := in.Queue.Send(ctx, event); err != nil {
		return unavailable("queue the event", err)
	}
	return nil
}

func unavailable(what string, err error) error {
	return &Error{Code: Unavailable, Detail: what, Err: err}
}
