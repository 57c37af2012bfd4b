package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const otherBody = `{"eventType":"demo","message":"other"}`

func keyed(body, key string) pipeline.Request {
	return pipeline.Request{Body: []byte(body), Keyed: true, Key: key, Caller: "caller"}
}

func TestIngest_TakesARepeatForTheSameEvent(t *testing.T) {
	for name, recent := range map[string]*pipeline.KeyCache{"in another process": nil, "in the same process": new(pipeline.KeyCache)} {
		t.Run(name, func(t *testing.T) {
			var w world
			in := w.ingest()
			in.KeyCache = recent
			first, err := in.Accept(t.Context(), keyed(body, "key"))
			if err != nil || first.Duplicate || !pipeline.ValidID(first.Event.ID) {
				t.Fatal(first, err)
			}
			in.Now = func() time.Time { return now.Add(2 * time.Hour) }
			again, err := in.Accept(t.Context(), keyed(body, "key"))
			if err != nil || !again.Duplicate || again.Event != first.Event {
				t.Errorf("got %+v, %v; want %+v replayed", again, err, first.Event)
			}
			if keys := w.bronze.Keys(); len(keys) != 1 {
				t.Errorf("Bronze holds %v", keys)
			}
		})
	}
}

func TestIngest_RefusesAKeyWithAnotherPayloadAndStoresNothing(t *testing.T) {
	for name, recent := range map[string]*pipeline.KeyCache{"in another process": nil, "in the same process": new(pipeline.KeyCache)} {
		t.Run(name, func(t *testing.T) {
			var w world
			in := w.ingest()
			in.KeyCache = recent
			if _, err := in.Accept(t.Context(), keyed(body, "key")); err != nil {
				t.Fatal(err)
			}
			if _, err := in.Accept(t.Context(), keyed(otherBody, "key")); pipeline.ErrorCode(err) != pipeline.KeyReused {
				t.Errorf("got %v, want %s", err, pipeline.KeyReused)
			}
			if len(w.bronze.Keys()) != 1 || len(w.queue.Sent()) != 1 {
				t.Errorf("Bronze holds %v, sent %v", w.bronze.Keys(), w.queue.Sent())
			}
		})
	}
}

func TestIngest_KeepsTheKeysOfCallersApart(t *testing.T) {
	var w world
	ids := make(map[string]bool)
	for _, req := range []pipeline.Request{keyed(body, "key"), keyed(body, "other"), {Body: []byte(body), Keyed: true, Key: "key", Caller: "other"}} {
		receipt, err := w.ingest().Accept(t.Context(), req)
		if err != nil || receipt.Duplicate {
			t.Fatal(receipt, err)
		}
		ids[receipt.Event.ID] = true
	}
	if len(ids) != 3 {
		t.Errorf("ids %v, want three", ids)
	}
}

func TestIngest_RefusesAKeyThatIsNotVisibleASCII(t *testing.T) {
	var w world
	for _, key := range []string{"a b", "a\tb", "\x00", "é", "\x7f", strings.Repeat("k", 256)} {
		if _, err := w.ingest().Accept(t.Context(), keyed(body, key)); pipeline.ErrorCode(err) != pipeline.InvalidKey {
			t.Errorf("%q: got %v, want %s", key, err, pipeline.InvalidKey)
		}
	}
	w.wantNothing(t)
	for _, key := range []string{"!", "~", strings.Repeat("k", 255)} {
		if _, err := w.ingest().Accept(t.Context(), keyed(body, key)); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestIngest_RefusesAnEmptyKey(t *testing.T) {
	var w world
	if _, err := w.ingest().Accept(t.Context(), keyed(body, "")); pipeline.ErrorCode(err) != pipeline.InvalidKey {
		t.Errorf("got %v, want %s", err, pipeline.InvalidKey)
	}
}

// afterFind lets another request come between the look-up and the writes.
type afterFind struct {
	pipeline.ItemCreator
	other func()
}

func (a afterFind) Find(ctx context.Context, id string) (pipeline.Item, error) {
	item, err := a.ItemCreator.Find(ctx, id)
	a.other()
	return item, err
}

func TestIngest_HelpsTheFirstOfConcurrentRequestsAlong(t *testing.T) {
	for _, c := range []struct {
		body string
		code pipeline.Code
	}{{body, ""}, {otherBody, pipeline.KeyReused}} {
		var w world
		in := w.ingest()
		var first pipeline.Accepted
		in.Now = func() time.Time { return now.Add(time.Second) }
		in.Items = afterFind{&w.events, func() {
			crashing := w.ingest()
			crashing.Queue = failingQueue{} // its item is there, its reference is not
			first, _ = crashing.Accept(t.Context(), keyed(body, "key"))
		}}
		receipt, err := in.Accept(t.Context(), keyed(c.body, "key"))
		if c.code != "" {
			if pipeline.ErrorCode(err) != c.code || len(w.queue.Sent()) != 0 {
				t.Errorf("got %v, sent %v", err, w.queue.Sent())
			}
			continue
		}
		if err != nil || !receipt.Duplicate || receipt.Event.ID != first.Event.ID {
			t.Errorf("got %+v, %v", receipt, err)
		}
		if sent := w.queue.Sent(); len(sent) != 1 || sent[0] != first.Event || !sent[0].ReceivedAt.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("sent %+v, want the first request's event", sent)
		}
	}
}

func TestIngest_SendsNothingForAKeyWhoseEventIsAtItsEnd(t *testing.T) {
	var w world
	receipt, err := w.ingest().Accept(t.Context(), keyed(body, "key"))
	if err != nil {
		t.Fatal(err)
	}
	w.worker().Process(t.Context(), []pipeline.Delivery{deliver(t, receipt.Event, "message")})
	w.wantStatus(t, receipt.Event.ID, pipeline.Processed)
	if again, err := w.ingest().Accept(t.Context(), keyed(body, "key")); err != nil || !again.Duplicate {
		t.Errorf("got %+v, %v", again, err)
	}
	if sent := w.queue.Sent(); len(sent) != 1 {
		t.Errorf("sent %v", sent)
	}
}

func TestIngest_TakesAKeyForANewEventOnceItHasExpired(t *testing.T) {
	for name, recent := range map[string]*pipeline.KeyCache{"in another process": nil, "in the same process": new(pipeline.KeyCache)} {
		var w world
		in := w.ingest()
		in.KeyCache = recent
		if _, err := in.Accept(t.Context(), keyed(body, "key")); err != nil {
			t.Fatal(err)
		}
		in.Now = func() time.Time { return now.Add(25 * time.Hour) } // the table has not deleted it yet
		receipt, err := in.Accept(t.Context(), keyed(otherBody, "key"))
		if err != nil || receipt.Duplicate {
			t.Errorf("%s: got %+v, %v; want a new event", name, receipt, err)
		}
	}
}

func TestIngest_DoesNotTakeItsOwnEarlierTryForARepeat(t *testing.T) {
	var w world
	in := w.ingest()
	in.Items = triedTwice{&w}
	if receipt, err := in.Accept(t.Context(), keyed(body, "key")); err != nil || receipt.Duplicate {
		t.Errorf("got %+v, %v", receipt, err)
	}
}

// triedTwice writes each item twice, as the SDK does when the first answer is lost.
type triedTwice struct{ *world }

func (w triedTwice) Find(ctx context.Context, id string) (pipeline.Item, error) {
	return w.events.Find(ctx, id)
}

func (w triedTwice) Create(ctx context.Context, item pipeline.Item) (pipeline.Item, error) {
	if _, err := w.events.Create(ctx, item); err != nil {
		return pipeline.Item{}, err
	}
	return w.events.Create(ctx, item)
}

func TestIngest_SendsNothingWhenTheItemOfAKeyCannotBeWritten(t *testing.T) {
	var w world
	in := w.ingest()
	in.Items = brokenCreate{&w}
	if _, err := in.Accept(t.Context(), keyed(body, "key")); pipeline.ErrorCode(err) != pipeline.Unavailable || !errors.Is(err, errService) {
		t.Errorf("got %v", err)
	}
	if len(w.queue.Sent()) != 0 {
		t.Error("a reference was sent of an event that another request may own")
	}
}

type brokenCreate struct{ *world }

func (w brokenCreate) Find(ctx context.Context, id string) (pipeline.Item, error) {
	return w.events.Find(ctx, id)
}

func (brokenCreate) Create(context.Context, pipeline.Item) (pipeline.Item, error) {
	return pipeline.Item{}, errService
}
