package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Accepted is the result of an accepted event.
type Accepted struct {
	EventID string
	// Duplicate reports that the API had already accepted the event with the same idempotency key.
	Duplicate bool
}

// AcceptedBatch is the result of an accepted batch.
type AcceptedBatch struct {
	// Batches has an element for each event type in the request.
	Batches []Batch
	// Events has an element for each event in the request, in the same order.
	Events []EventResult
	// Duplicate reports that the API had already accepted the batch with the same idempotency key.
	Duplicate bool
}

// Batch represents events of one type that the platform stores and processes together.
type Batch struct {
	BatchID   string `json:"batchId"`
	EventType string `json:"eventType"`
	Count     int    `json:"count"`
}

// EventResult is the result of one event in a batch. Either EventID or Problem is set.
type EventResult struct {
	EventID string
	// Problem is the reason why the API rejected the event. Only SendBatch with WithLenient sets
	// it.
	Problem *Problem
}

// SendOption configures one call of Send or SendBatch.
type SendOption func(*sendOptions)

type sendOptions struct {
	key     string
	keyed   bool // the caller has set the key, possibly to ""
	lenient bool
}

// WithIdempotencyKey sets the key by which the API recognizes a repeated request. A key has 1 to
// 255 visible ASCII characters. A call with the same key and other events fails.
//
// By default, each call has a random UUID as its key, which makes the client's own retries safe. To
// repeat a call safely after a crash, derive the key from your data.
func WithIdempotencyKey(key string) SendOption {
	return func(o *sendOptions) { o.key, o.keyed = key, true }
}

// WithLenient makes the API accept the valid events of a batch that also has invalid events. Send
// ignores this option.
func WithLenient() SendOption {
	return func(o *sendOptions) { o.lenient = true }
}

func newSendOptions(options []SendOption) (sendOptions, error) {
	var o sendOptions
	for _, option := range options {
		option(&o)
	}
	if !o.keyed {
		o.key = uuid.NewString()
	}
	invisible := strings.ContainsFunc(o.key, func(r rune) bool { return r < '!' || r > '~' })
	if o.key == "" || len(o.key) > 255 || invisible {
		return o, fmt.Errorf(
			"the idempotency key must be 1 to 255 visible ASCII characters, got %q", o.key)
	}
	return o, nil
}

// Send sends an event, a JSON object with an eventType. The platform archives its bytes unchanged.
// If the error is nil, the event is durable.
//
// Send retries after temporary errors, such as no response, a 429 or a 503. If the last attempt
// fails too, Send returns a *SendError. If the API answered, the *SendError wraps a *Problem.
func (c *Client) Send(
	ctx context.Context, event []byte, options ...SendOption,
) (Accepted, error) {
	o, err := newSendOptions(options)
	if err != nil {
		return Accepted{}, err
	}
	if jsontext.Value(event).Kind() == jsontext.KindBeginArray {
		return Accepted{}, fmt.Errorf("%w, got an array", ErrNotObject)
	}
	response, err := c.post(ctx, event, o)
	if err != nil {
		return Accepted{}, err
	}
	var body struct {
		EventID string `json:"eventId"`
	}
	if err := json.Unmarshal(response.body, &body); err != nil || body.EventID == "" {
		return Accepted{}, c.notAPIError("the response has no eventId")
	}
	return Accepted{EventID: body.EventID, Duplicate: response.duplicate}, nil
}

// SendBatch sends one or more events in one request. By default, the API accepts at most 1,000
// events and 1 MiB before compression. A Batcher respects these limits.
//
// One invalid event makes the API reject the whole batch. The *Problem then lists the invalid
// events in Errors. With WithLenient, the API accepts the valid events.
//
// If an event is not a JSON object, SendBatch sends nothing, and returns an *InvalidEventError with
// ErrNotObject. Other errors are the same as those of Send.
func (c *Client) SendBatch(
	ctx context.Context, events [][]byte, options ...SendOption,
) (AcceptedBatch, error) {
	if len(events) == 0 {
		return AcceptedBatch{}, errors.New("a batch must have at least one event, got none")
	}
	for i, event := range events {
		if err := checkEvent(event); err != nil {
			return AcceptedBatch{}, &InvalidEventError{Index: i, Err: err}
		}
	}
	return c.sendBatch(ctx, events, options...)
}

// sendBatch sends events that are JSON objects.
func (c *Client) sendBatch(
	ctx context.Context, events [][]byte, options ...SendOption,
) (AcceptedBatch, error) {
	o, err := newSendOptions(options)
	if err != nil {
		return AcceptedBatch{}, err
	}
	response, err := c.post(ctx, jsonArray(events), o)
	if err != nil {
		return AcceptedBatch{}, err
	}
	var body struct {
		Batches []Batch
		Events  []struct {
			Index   int
			EventID string
			Problem *Problem
		}
	}
	if err := json.Unmarshal(response.body, &body); err != nil {
		return AcceptedBatch{}, c.notAPIError("the response to a batch is not JSON")
	}
	accepted := AcceptedBatch{
		Batches:   body.Batches,
		Events:    make([]EventResult, len(events)),
		Duplicate: response.duplicate,
	}
	for _, e := range body.Events {
		if e.Index >= 0 && e.Index < len(events) {
			accepted.Events[e.Index] = EventResult{EventID: e.EventID, Problem: e.Problem}
		}
	}
	for i, e := range accepted.Events {
		if (e.EventID == "") == (e.Problem == nil) {
			return AcceptedBatch{}, c.notAPIError(
				fmt.Sprintf("the response to a batch has no result for event %d", i))
		}
	}
	return accepted, nil
}

func (c *Client) notAPIError(reason string) error {
	return fmt.Errorf("%s is not the API of a pipeline: %s", c.base, reason)
}

// jsonArray returns the JSON array of the events.
func jsonArray(events [][]byte) []byte {
	size := 1 + len(events)
	for _, event := range events {
		size += len(event)
	}
	array := make([]byte, 0, size)
	for i, event := range events {
		separator := byte(',')
		if i == 0 {
			separator = '['
		}
		array = append(array, separator)
		array = append(array, event...)
	}
	return append(array, ']')
}

// ErrNotObject means that an event is not exactly one JSON object. The event was not sent.
var ErrNotObject = errors.New("an event must be a JSON object")

// InvalidEventError wraps the error of one event in a batch. No event of the batch was sent.
type InvalidEventError struct {
	Index int
	Err   error
}

func (e *InvalidEventError) Error() string { return fmt.Sprintf("event %d: %v", e.Index, e.Err) }
func (e *InvalidEventError) Unwrap() error { return e.Err }

// checkEvent returns ErrNotObject if an event is not exactly one JSON object. Without this check,
// the text {},{} adds two events to a batch.
func checkEvent(event []byte) error {
	value := jsontext.Value(event)
	if value.Kind() == jsontext.KindBeginObject && value.IsValid() {
		return nil
	}
	decoder := jsontext.NewDecoder(bytes.NewReader(event))
	switch _, err := decoder.ReadValue(); {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNotObject, err)
	case value.Kind() != jsontext.KindBeginObject:
		return fmt.Errorf("%w, got %s", ErrNotObject, value.Kind())
	}
	return fmt.Errorf("%w, got data after the object", ErrNotObject)
}

// post sends a JSON body to the API.
func (c *Client) post(ctx context.Context, body []byte, o sendOptions) (response, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	header.Set(contract.IdempotencyKeyHeader, o.key)
	if o.lenient {
		header.Set(contract.PreferHeader, contract.HandlingLenient)
	}
	if c.o.Gzip {
		body = compress(body)
		header.Set("Content-Encoding", "gzip")
	}
	return c.do(ctx, call{http.MethodPost, c.base.JoinPath("events"), header, body})
}
