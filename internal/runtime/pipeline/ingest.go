package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/violation"
)

// BronzeWriter stores raw payloads. It never overwrites an object.
type BronzeWriter interface {
	// Put stores body under key. If the key exists, Put writes nothing and returns ErrExists. An
	// earlier attempt of this call can have created the key.
	Put(ctx context.Context, key string, body []byte) error
}

// ItemCreator creates the items of new events.
type ItemCreator interface {
	// Find returns an event's item, or ErrNotFound. The read can be eventually consistent.
	Find(ctx context.Context, id string) (Item, error)
	// Create stores the item of a new event. If an item exists that had not expired at
	// item.EnqueuedAt, Create writes nothing. It returns the existing item and ErrExists.
	Create(ctx context.Context, item Item) (existing Item, err error)
}

// Sender puts an event's message on the queue.
type Sender interface {
	// Send puts the message on the queue. Even after an error, the queue can hold the message.
	Send(ctx context.Context, event Event) error
}

// PayloadSchemas validates payloads against the schemas of their types.
type PayloadSchemas interface {
	// Check validates a payload that DecodeType has accepted. It returns the first violations, or
	// none if the payload is valid. known is false if the type has no schema. An error means that
	// validation exceeds its budget.
	Check(eventType string, payload []byte) (
		violations []violation.Violation, known bool, err error,
	)
}

// Ingest accepts events.
type Ingest struct {
	Bronze             BronzeWriter
	Items              ItemCreator
	Queue              Sender
	Schemas            PayloadSchemas // nil means no validation
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
	Body       []byte
	CloudEvent bool   // the body is a CloudEvent in the JSON format
	Keyed      bool   // the client sent a key, possibly an empty one
	Key        string // idempotency key; a caller's requests with the same key create one event
	Caller     string // name of the sender, from the authorizer

	Webhook *WebhookRequest // nil if no webhook source sent the request
}

// decode returns the type of the request's event. For a CloudEvent or a webhook, it also returns an
// idempotency key. Accept uses this key only if the client sent none.
func (r Request) decode() (eventType, key string, err error) {
	if r.Webhook != nil {
		eventType, err = r.Webhook.Decode()
		return eventType, r.Webhook.DeliveryKey, err
	}
	if !r.CloudEvent {
		eventType, err = DecodeType(r.Body)
		return eventType, "", err
	}
	event, err := DecodeCloudEvent(r.Body)
	if err != nil {
		return "", "", err
	}
	return event.Type, event.key(), nil
}

// payload returns the request's payload as JSON.
func (r Request) payload() []byte {
	if r.Webhook != nil {
		return r.Webhook.Payload
	}
	return r.Body
}

// typePointer returns the JSON pointer to the type in the payload, or "" if a header contains the
// type.
func (r Request) typePointer() string {
	switch {
	case r.Webhook != nil:
		return r.Webhook.TypePointer
	case r.CloudEvent:
		return "/type"
	}
	return "/eventType"
}

// Accepted holds the result of a request.
type Accepted struct {
	Event     Event
	Duplicate bool // an earlier request with the same key and payload was accepted
}

// Accept turns a request into an event. After a success, Bronze holds the unchanged payload, the
// table holds the item and the queue has received the message.
//
// A rejected request creates no event. If a service fails, the error's code is Unavailable, and the
// event can still be processed later.
func (in Ingest) Accept(ctx context.Context, req Request) (Accepted, error) {
	if err := in.CheckSize(req.Body); err != nil {
		return Accepted{}, err
	}
	eventType, key, err := req.decode()
	if err != nil {
		return Accepted{}, err
	}
	if err := in.validate(req, eventType); err != nil {
		return Accepted{}, err
	}
	if req.Keyed {
		key = req.Key
		if err := checkKey(key); err != nil {
			return Accepted{}, err
		}
	}
	if key != "" {
		return in.acceptKeyed(ctx, req, eventType, key)
	}
	id, err := in.NewID()
	if err != nil {
		return Accepted{}, wrapError(Internal, "create an event id", err)
	}
	event := in.newEvent(id, eventType, req)
	event.Bronze.Key = event.BronzeKey()
	// The payload is stored first, so that no item or message refers to a missing payload.
	if err := in.store(ctx, event, req.Body); err != nil {
		return Accepted{Event: event}, err
	}
	return Accepted{Event: event}, in.enqueue(ctx, event)
}

func (in Ingest) newEvent(id, eventType string, req Request) Event {
	event := Event{
		ID:         id,
		Type:       eventType,
		ReceivedAt: toMillis(in.Now()),
		SHA256:     hashOf(req.Body),
		Bytes:      len(req.Body),
		Caller:     req.Caller,
		Bronze:     Location{Bucket: in.BronzeBucket},
	}
	if req.Webhook != nil {
		event.Webhook = &req.Webhook.Webhook
	}
	return event
}

func (in Ingest) store(ctx context.Context, event Event, body []byte) error {
	err := in.Bronze.Put(ctx, event.Bronze.Key, body)
	if err != nil && !errors.Is(err, ErrExists) {
		return unavailable("store the payload", err)
	}
	return nil
}

// enqueue writes the item and sends the message in parallel. If a worker receives the message
// before the item exists, the worker creates the item.
func (in Ingest) enqueue(ctx context.Context, event Event) error {
	created := make(chan error, 1)
	go func() {
		_, err := in.Items.Create(ctx, in.newItem(event))
		created <- err
	}()
	sendErr := in.send(ctx, event)
	// ErrExists is no failure: no other event has this id. So a worker or an earlier attempt of
	// this call stored the item.
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
