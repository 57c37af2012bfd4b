package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const (
	otherBody = `{"eventType":"demo","message":"other"}`
	otherID   = "0199aaaa-0000-7000-8000-000000000002"
)

func keyedRequest(body, key string) pipeline.Request {
	return pipeline.Request{Body: []byte(body), Keyed: true, Key: key, Caller: "caller"}
}

func TestIngest_ReturnsTheFirstEventForADuplicate(t *testing.T) {
	for name, cache := range map[string]*pipeline.KeyCache{"in another process": nil,
		"in the same process": new(pipeline.KeyCache)} {
		t.Run(name, func(t *testing.T) {
			var w world
			in := w.ingest()
			in.KeyCache = cache
			first, err := in.Accept(t.Context(), keyedRequest(body, "key"))
			if err != nil || first.Duplicate || !pipeline.ValidID(first.Event.ID) {
				t.Fatal(first, err)
			}
			in.Now = func() time.Time { return now.Add(2 * time.Hour) }
			again, err := in.Accept(t.Context(), keyedRequest(body, "key"))
			if err != nil || !again.Duplicate || again.Event != first.Event {
				t.Errorf("got %+v, %v; want a duplicate of %+v", again, err, first.Event)
			}
			if keys := w.bronze.Keys(); len(keys) != 1 {
				t.Errorf("Bronze has %v", keys)
			}
		})
	}
}

func TestIngest_RejectsAReusedKeyAndStoresNothing(t *testing.T) {
	for name, cache := range map[string]*pipeline.KeyCache{"in another process": nil,
		"in the same process": new(pipeline.KeyCache)} {
		t.Run(name, func(t *testing.T) {
			var w world
			in := w.ingest()
			in.KeyCache = cache
			if _, err := in.Accept(t.Context(), keyedRequest(body, "key")); err != nil {
				t.Fatal(err)
			}
			_, err := in.Accept(t.Context(), keyedRequest(otherBody, "key"))
			if pipeline.ErrorCode(err) != pipeline.KeyReused {
				t.Errorf("got %v, want %s", err, pipeline.KeyReused)
			}
			if len(w.bronze.Keys()) != 1 || len(w.queue.Sent()) != 1 {
				t.Errorf("Bronze has %v, sent %v", w.bronze.Keys(), w.queue.Sent())
			}
		})
	}
}

func TestIngest_TreatsTheSameKeyOfTwoCallersAsTwoKeys(t *testing.T) {
	var w world
	ids := make(map[string]bool)
	for _, req := range []pipeline.Request{keyedRequest(body, "key"), keyedRequest(body, "other"),
		{Body: []byte(body), Keyed: true, Key: "key", Caller: "other"}} {
		accepted, err := w.ingest().Accept(t.Context(), req)
		if err != nil || accepted.Duplicate {
			t.Fatal(accepted, err)
		}
		ids[accepted.Event.ID] = true
	}
	if len(ids) != 3 {
		t.Errorf("ids %v, want three", ids)
	}
}

func TestIngest_RejectsKeysThatAreNotVisibleASCII(t *testing.T) {
	var w world
	for _, key := range []string{"a b", "a\tb", "\x00", "é", "\x7f", strings.Repeat("k", 256)} {
		_, err := w.ingest().Accept(t.Context(), keyedRequest(body, key))
		if pipeline.ErrorCode(err) != pipeline.InvalidKey {
			t.Errorf("%q: got %v, want %s", key, err, pipeline.InvalidKey)
		}
	}
	w.wantNothing(t)
	for _, key := range []string{"!", "~", strings.Repeat("k", 255)} {
		if _, err := w.ingest().Accept(t.Context(), keyedRequest(body, key)); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestIngest_RejectsAnEmptyKey(t *testing.T) {
	var w world
	_, err := w.ingest().Accept(t.Context(), keyedRequest(body, ""))
	if pipeline.ErrorCode(err) != pipeline.InvalidKey {
		t.Errorf("got %v, want %s", err, pipeline.InvalidKey)
	}
}

// afterFind runs another request after Find has returned and before the caller writes anything.
type afterFind struct {
	pipeline.ItemCreator
	other func()
}

func (a afterFind) Find(ctx context.Context, id string) (pipeline.Item, error) {
	item, err := a.ItemCreator.Find(ctx, id)
	a.other()
	return item, err
}

func TestIngest_CompletesTheFirstOfConcurrentRequests(t *testing.T) {
	for _, c := range []struct {
		body string
		code pipeline.Code
	}{{body, ""}, {otherBody, pipeline.KeyReused}} {
		var w world
		in := w.ingest()
		var first pipeline.Accepted
		in.Now = func() time.Time { return now.Add(time.Second) }
		in.NewID = func() (string, error) { return otherID, nil }
		in.Items = afterFind{&w.items, func() {
			crashing := w.ingest()
			crashing.Queue = failingQueue{} // stores the item, but sends no message
			first, _ = crashing.Accept(t.Context(), keyedRequest(body, "key"))
		}}
		accepted, err := in.Accept(t.Context(), keyedRequest(c.body, "key"))
		if c.code != "" {
			if pipeline.ErrorCode(err) != c.code || len(w.queue.Sent()) != 0 {
				t.Errorf("got %v, sent %v", err, w.queue.Sent())
			}
			continue
		}
		if err != nil || !accepted.Duplicate || accepted.Event.ID != first.Event.ID {
			t.Errorf("got %+v, %v", accepted, err)
		}
		sent := w.queue.Sent()
		if len(sent) != 1 || sent[0] != first.Event ||
			!sent[0].ReceivedAt.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("sent %+v, want the first request's event", sent)
		}
	}
}

func TestIngest_TreatsOneOfSimultaneousRequestsAsFirst(t *testing.T) {
	var w world
	in := w.ingest()
	in.NewID = func() (string, error) { return otherID, nil }
	var first pipeline.Accepted
	in.Items = afterFind{&w.items, func() {
		first, _ = w.ingest().Accept(t.Context(), keyedRequest(body, "key"))
	}}
	second, err := in.Accept(t.Context(), keyedRequest(body, "key"))
	if err != nil || first.Duplicate || !second.Duplicate || second.Event != first.Event {
		t.Errorf("got %+v and %+v, %v; want one duplicate", first, second, err)
	}
}

func TestItem_KeepsItsRequestWhenItIsReopened(t *testing.T) {
	item := pipeline.Item{Status: pipeline.Processed, RequestID: otherID}
	got := item.Reopened(pipeline.Replay{ID: "replay"}, now)
	if got.RequestID != otherID {
		t.Errorf("got %+v", got)
	}
}

func TestIngest_SendsNothingForADuplicateOfAFinishedEvent(t *testing.T) {
	var w world
	accepted, err := w.ingest().Accept(t.Context(), keyedRequest(body, "key"))
	if err != nil {
		t.Fatal(err)
	}
	w.worker().Process(t.Context(), []pipeline.Delivery{deliver(t, accepted.Event, "message")})
	w.wantStatus(t, accepted.Event.ID, pipeline.Processed)
	again, err := w.ingest().Accept(t.Context(), keyedRequest(body, "key"))
	if err != nil || !again.Duplicate {
		t.Errorf("got %+v, %v", again, err)
	}
	if sent := w.queue.Sent(); len(sent) != 1 {
		t.Errorf("sent %v", sent)
	}
}

func TestIngest_AcceptsANewEventForAnExpiredKey(t *testing.T) {
	for name, cache := range map[string]*pipeline.KeyCache{"in another process": nil,
		"in the same process": new(pipeline.KeyCache)} {
		var w world
		in := w.ingest()
		in.KeyCache = cache
		if _, err := in.Accept(t.Context(), keyedRequest(body, "key")); err != nil {
			t.Fatal(err)
		}
		in.Now = func() time.Time { return now.Add(25 * time.Hour) } // expired, but not deleted yet
		accepted, err := in.Accept(t.Context(), keyedRequest(otherBody, "key"))
		if err != nil || accepted.Duplicate {
			t.Errorf("%s: got %+v, %v; want a new event", name, accepted, err)
		}
	}
}

func TestIngest_ReportsNoDuplicateIfTheSDKRetriesItsWrite(t *testing.T) {
	var w world
	in := w.ingest()
	in.Items = retriedCreate{&w}
	accepted, err := in.Accept(t.Context(), keyedRequest(body, "key"))
	if err != nil || accepted.Duplicate {
		t.Errorf("got %+v, %v", accepted, err)
	}
}

// retriedCreate stores each item twice, as the SDK does after it has lost a response.
type retriedCreate struct{ *world }

func (w retriedCreate) Find(ctx context.Context, id string) (pipeline.Item, error) {
	return w.items.Find(ctx, id)
}

func (w retriedCreate) Create(ctx context.Context, item pipeline.Item) (pipeline.Item, error) {
	if _, err := w.items.Create(ctx, item); err != nil {
		return pipeline.Item{}, err
	}
	return w.items.Create(ctx, item)
}

func TestIngest_SendsNothingIfTheItemOfAKeyCannotBeStored(t *testing.T) {
	var w world
	in := w.ingest()
	in.Items = brokenCreate{&w}
	_, err := in.Accept(t.Context(), keyedRequest(body, "key"))
	if pipeline.ErrorCode(err) != pipeline.Unavailable || !errors.Is(err, errService) {
		t.Errorf("got %v", err)
	}
	if len(w.queue.Sent()) != 0 {
		t.Error("a message was sent for an event that may belong to another request")
	}
}

type brokenCreate struct{ *world }

func (w brokenCreate) Find(ctx context.Context, id string) (pipeline.Item, error) {
	return w.items.Find(ctx, id)
}

func (brokenCreate) Create(context.Context, pipeline.Item) (pipeline.Item, error) {
	return pipeline.Item{}, errService
}
