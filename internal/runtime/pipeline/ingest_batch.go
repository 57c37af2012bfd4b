package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"
)

// BatchRequest represents a client's request to accept several events.
type BatchRequest struct {
	Body        []byte   // decoded body of the request
	Elements    [][]byte // payloads of the events; parts of Body
	CloudEvents bool     // the elements are CloudEvents in the JSON format
	Lenient     bool     // accepts the valid events although others are invalid
	Keyed       bool     // the client sent a key, possibly an empty one
	Key         string
	Caller      string
}

// AcceptedBatch holds the result of a request with several events.
type AcceptedBatch struct {
	Batches   []Event // one for each event type, in the order of each type's first event
	Elements  []Element
	Duplicate bool // an earlier request with the same key and body was accepted
}

// Element describes the result for one element of a request.
type Element struct {
	EventID string
	Err     error // why a lenient request's element was rejected
}

// InvalidBatchError reports that a request has invalid elements. The request stored nothing.
type InvalidBatchError struct {
	Errs   map[int]error // by the index of the element
	Count  int           // elements of the request
	Repeat bool          // a lenient request with the same key and body accepted the others
}

func (e *InvalidBatchError) Error() string { return e.problem().Error() }

// Unwrap returns the error that describes the request as a whole.
func (e *InvalidBatchError) Unwrap() error { return e.problem() }

func (e *InvalidBatchError) problem() *Error {
	result := "No event was accepted."
	if e.Repeat {
		result = "An earlier lenient request with this Idempotency-Key accepted the others."
	}
	return Errorf(InvalidBatch, "%d of %d events are invalid. %s", len(e.Errs), e.Count, result)
}

// group holds the events of one type.
type group struct {
	event Event
	body  []byte
}

// AcceptBatch turns a request into one batch for each event type. After a success, all batches are
// stored and enqueued.
//
// If a service fails, the error's code is Unavailable. Some batches can still be processed later.
func (in Ingest) AcceptBatch(ctx context.Context, req BatchRequest) (AcceptedBatch, error) {
	if err := in.CheckSize(req.Body); err != nil {
		return AcceptedBatch{}, err
	}
	switch n := len(req.Elements); {
	case n == 0:
		return AcceptedBatch{}, Errorf(EmptyBatch, "The request has no events.")
	case n > MaxBatchEvents:
		return AcceptedBatch{}, Errorf(BatchTooLarge,
			"The request has %d events; at most %d are accepted.", n, MaxBatchEvents)
	}
	types, errs := req.decode()
	var first Item // of an earlier request with the same key
	if req.Keyed {
		var err error
		if first, err = in.firstBatch(ctx, req); err != nil {
			return AcceptedBatch{}, err
		}
	}
	if first.ID == "" {
		in.validateElements(req, types, errs)
	} else { // the schemas can have changed since that request
		var err error
		if errs, err = rejectedBefore(first, types, errs); err != nil {
			return AcceptedBatch{}, err
		}
	}
	if len(errs) > 0 && (!req.Lenient || len(errs) == len(req.Elements)) {
		return AcceptedBatch{}, &InvalidBatchError{
			Errs: errs, Count: len(req.Elements), Repeat: first.ID != "",
		}
	}
	if req.Keyed {
		return in.acceptKeyedBatch(ctx, req, types, errs, first)
	}
	groups, elements, err := in.group(req, types, errs, toMillis(in.Now()),
		func(string, int) (string, error) { return in.NewID() })
	if err != nil {
		return AcceptedBatch{}, err
	}
	accepted := AcceptedBatch{Batches: eventsOf(groups), Elements: elements}
	err = forEachGroup(groups, func(g group) error { return in.store(ctx, g.event, g.body) })
	if err != nil {
		return accepted, err
	}
	return accepted, forEachGroup(groups, func(g group) error { return in.enqueue(ctx, g.event) })
}

// decode returns the types of all elements, and an error for each element that is not an event.
func (r BatchRequest) decode() ([]string, map[int]error) {
	types, errs := make([]string, len(r.Elements)), make(map[int]error)
	for i, element := range r.Elements {
		eventType, _, err := Request{Body: element, CloudEvent: r.CloudEvents}.decode()
		if err != nil {
			errs[i] = err
		}
		types[i] = eventType
	}
	return types, errs
}

// validateElements adds an error for each element that violates the schema of its type.
func (in Ingest) validateElements(req BatchRequest, types []string, errs map[int]error) {
	for i, element := range req.Elements {
		if errs[i] != nil {
			continue
		}
		one := Request{Body: element, CloudEvent: req.CloudEvents}
		if err := in.validate(one, types[i]); err != nil {
			errs[i] = err
		}
	}
}

// rejectedBefore returns the errors of the elements that the first request with the same key
// rejected.
//
// A client can send the same body again in another format. If its elements then differ from those
// of the first request, rejectedBefore returns an error.
func rejectedBefore(
	first Item, types []string, errs map[int]error,
) (map[int]error, error) {
	rejected := make(map[int]error)
	for _, span := range parseSpans(first.Rejected) {
		err := errs[span.First]
		if err == nil {
			err = Errorf(RejectedBefore,
				"The first request with this Idempotency-Key rejected this event; "+
					"send it with a new key.")
		}
		rejected[span.First] = err
	}
	accepted := 0
	for i, eventType := range types {
		if rejected[i] != nil {
			continue
		}
		if eventType == "" {
			return nil, keyReused()
		}
		accepted++
	}
	if accepted == 0 || accepted+len(rejected) != len(types) {
		return nil, keyReused()
	}
	return rejected, nil
}

// group divides the valid elements into batches by type. The function id returns the id of a batch
// from its type and its index in the list of batches.
func (in Ingest) group(
	req BatchRequest, types []string, errs map[int]error, receivedAt time.Time,
	id func(eventType string, number int) (string, error),
) ([]group, []Element, error) {
	elements := make([]Element, len(req.Elements))
	var order []string
	payloads := make(map[string][][]byte)
	indexes := make(map[string][]int)
	for i, element := range req.Elements {
		if errs[i] != nil {
			elements[i].Err = errs[i]
			continue
		}
		if payloads[types[i]] == nil {
			order = append(order, types[i])
		}
		payloads[types[i]] = append(payloads[types[i]], element)
		indexes[types[i]] = append(indexes[types[i]], i)
	}
	groups := make([]group, len(order))
	for n, eventType := range order {
		batchID, err := id(eventType, n)
		if err != nil {
			return nil, nil, wrapError(Internal, "create a batch id", err)
		}
		body := joinPayloads(payloads[eventType])
		event := in.newEvent(batchID, eventType, Request{Body: body, Caller: req.Caller})
		event.Count, event.ReceivedAt = len(payloads[eventType]), receivedAt
		event.Bronze.Key = event.BronzeKey()
		if req.Keyed {
			event.Bronze.Key = event.KeyedBronzeKey()
		}
		groups[n] = group{event, body}
		for k, i := range indexes[eventType] {
			elements[i].EventID = event.part(Span{k, k}).ID
		}
	}
	return groups, elements, nil
}

func eventsOf(groups []group) []Event {
	events := make([]Event, len(groups))
	for i, g := range groups {
		events[i] = g.event
	}
	return events
}

// forEachGroup calls fn for all groups concurrently.
func forEachGroup(groups []group, fn func(group) error) error {
	errs := make([]error, len(groups))
	forEach(groups, func(i int, g group) { errs[i] = fn(g) })
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// firstBatch returns the item of the first batch of an earlier request with the same key, or the
// zero Item.
func (in Ingest) firstBatch(ctx context.Context, req BatchRequest) (Item, error) {
	if err := checkKey(req.Key); err != nil {
		return Item{}, err
	}
	id := keyedID(req.Caller, req.Key)
	first, ok := in.KeyCache.get(id)
	if !ok {
		var err error
		first, err = in.Items.Find(ctx, id)
		if errors.Is(err, ErrNotFound) {
			return Item{}, nil
		}
		if err != nil {
			return Item{}, unavailable("look up the idempotency key", err)
		}
	}
	if first.Expired(toMillis(in.Now())) {
		return Item{}, nil
	}
	return first, checkSameBody(first, req)
}

func checkSameBody(first Item, req BatchRequest) error {
	if first.BodySHA256 != hashOf(req.Body) {
		return keyReused()
	}
	return nil
}

// acceptKeyedBatch accepts the batches of a request with an idempotency key. It creates the item of
// the first batch before it stores the other batches.
//
// Of several requests with the same key, the one that creates this item counts as the first.
func (in Ingest) acceptKeyedBatch(
	ctx context.Context, req BatchRequest, types []string, errs map[int]error, first Item,
) (AcceptedBatch, error) {
	duplicate, receivedAt := first.ID != "", first.ReceivedAt
	if !duplicate {
		receivedAt = toMillis(in.Now())
	}
	groups, elements, err := in.groupKeyed(req, types, errs, receivedAt)
	if err != nil {
		return AcceptedBatch{}, err
	}
	if !duplicate {
		first, duplicate, err = in.createFirstBatch(ctx, req, groups[0], errs)
		if err == nil && duplicate {
			// Another request was first. It has another time of receipt, and can have rejected
			// other events.
			if errs, err = rejectedBefore(first, types, errs); err == nil {
				groups, elements, err = in.groupKeyed(req, types, errs, first.ReceivedAt)
			}
		}
		if err != nil {
			return AcceptedBatch{}, err
		}
	}
	accepted := AcceptedBatch{
		Batches: eventsOf(groups), Elements: elements, Duplicate: duplicate,
	}
	err = forEachGroup(groups, func(g group) error { return in.completeBatch(ctx, req, g, first) })
	if err == nil {
		in.KeyCache.add(first)
	}
	return accepted, err
}

// groupKeyed divides the elements of a request with an idempotency key into batches.
//
// All requests with the same key get the same batch ids and Bronze keys. The ids follow from the
// key. receivedAt is the first request's time of receipt.
func (in Ingest) groupKeyed(
	req BatchRequest, types []string, errs map[int]error, receivedAt time.Time,
) ([]group, []Element, error) {
	id := func(eventType string, number int) (string, error) {
		if number == 0 {
			return keyedID(req.Caller, req.Key), nil
		}
		return keyedID(req.Caller, req.Key+"\x00"+eventType), nil
	}
	return in.group(req, types, errs, receivedAt, id)
}

// createFirstBatch stores the first batch of the request, and returns its item. If another request
// with the same key has already stored it, duplicate is true.
func (in Ingest) createFirstBatch(
	ctx context.Context, req BatchRequest, g group, errs map[int]error,
) (first Item, duplicate bool, err error) {
	if err := in.store(ctx, g.event, g.body); err != nil {
		return Item{}, false, err
	}
	item := in.newItem(g.event)
	item.BodySHA256 = hashOf(req.Body)
	var rejected []Span
	for i := range req.Elements {
		if errs[i] != nil {
			rejected = append(rejected, Span{i, i})
		}
	}
	item.Rejected = formatSpans(rejected)
	if item.RequestID, err = in.NewID(); err != nil {
		return Item{}, false, wrapError(Internal, "create a request id", err)
	}
	first, err = in.Items.Create(ctx, item)
	switch {
	case errors.Is(err, ErrExists):
		return first, first.RequestID != item.RequestID, checkSameBody(first, req)
	case err != nil:
		return Item{}, false, unavailable("store the batch's item", err)
	}
	return item, false, nil
}

// completeBatch stores a batch if it is not yet stored. If the batch is ENQUEUED, completeBatch
// sends its message.
//
// first is the item of the request's first batch, which is already stored.
func (in Ingest) completeBatch(ctx context.Context, req BatchRequest, g group, first Item) error {
	item := first
	if g.event.ID != first.ID {
		var err error
		item, err = in.Items.Find(ctx, g.event.ID)
		if errors.Is(err, ErrNotFound) || err == nil && item.Expired(g.event.ReceivedAt) {
			if err := in.store(ctx, g.event, g.body); err != nil {
				return err
			}
			item = in.newItem(g.event)
			var existing Item
			if existing, err = in.Items.Create(ctx, item); errors.Is(err, ErrExists) {
				item, err = existing, nil
			}
		}
		if err != nil {
			return unavailable("store the batch's item", err)
		}
		// The item can belong to an earlier request with the same key. In this case, the item of
		// that request's first batch has expired, but a replay has delayed the expiry of this item.
		if item.SHA256 != g.event.SHA256 {
			return keyReused()
		}
	}
	if item.Status != Enqueued {
		return nil
	}
	return in.send(ctx, item.Event)
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
