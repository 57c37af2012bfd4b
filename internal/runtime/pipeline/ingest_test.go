package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

var now = time.Date(2026, 11, 23, 7, 30, 0, 123456789, time.UTC)

const (
	id   = "0199aaaa-0000-7000-8000-000000000001"
	body = `{"eventType":"demo",  "message":"hello"}`
)

func TestIngest_StoresPayloadThenItemAndMessage(t *testing.T) {
	var w world
	accepted, err := w.ingest().Accept(t.Context(), request(body))
	if err != nil || accepted.Duplicate {
		t.Fatal(accepted, err)
	}
	event := accepted.Event
	want := pipeline.Event{
		ID: id, Type: "demo", ReceivedAt: now.Truncate(time.Millisecond), Bytes: len(body),
		SHA256: sha256Hex(body), Caller: "anna",
		Bronze: pipeline.Location{Bucket: "bronze",
			Key: "bronze/demo/2026/11/23/07/" + id + ".json"},
	}
	if diff := cmp.Diff(want, event); diff != "" {
		t.Errorf("event differs (-want +got):\n%s", diff)
	}
	if got, err := w.bronze.Get(t.Context(), event.Bronze.Key); string(got) != body || err != nil {
		t.Errorf("Bronze has %q, %v; want the request's bytes", got, err)
	}
	item, err := w.items.Get(t.Context(), id)
	wantItem := pipeline.Item{
		Event: want, Status: pipeline.Enqueued, EnqueuedAt: want.ReceivedAt,
		ExpiresAt: time.Date(2026, 11, 24, 7, 30, 0, 0, time.UTC),
	}
	if diff := cmp.Diff(wantItem, item); diff != "" || err != nil {
		t.Errorf("item differs (-want +got), %v:\n%s", err, diff)
	}
	if diff := cmp.Diff([]pipeline.Event{want}, w.queue.Sent()); diff != "" {
		t.Errorf("messages differ (-want +got):\n%s", diff)
	}
}

func TestIngest_StoresNothingOfRejectedRequests(t *testing.T) {
	for body, code := range map[string]pipeline.Code{
		"":                                       pipeline.EmptyBody,
		"{":                                      pipeline.InvalidJSON,
		"[]":                                     pipeline.NotAnObject,
		"{}":                                     pipeline.MissingEventType,
		`{"eventType":"a b"}`:                    pipeline.InvalidEventType,
		`{"eventType":"demo"` + padding(1024-18): pipeline.PayloadTooLarge,
	} {
		var w world
		_, err := w.ingest().Accept(t.Context(), request(body))
		if pipeline.ErrorCode(err) != code {
			t.Errorf("%.20s: got %v, want %s", body, err, code)
		}
		w.wantNothing(t)
	}
}

func padding(n int) string { return strings.Repeat(" ", n) + "}" }

func (w *world) wantNothing(t *testing.T) {
	t.Helper()
	if keys, sent := w.bronze.Keys(), w.queue.Sent(); len(keys) != 0 || len(sent) != 0 {
		t.Errorf("stored %v, sent %v; want nothing", keys, sent)
	}
	if _, err := w.items.Get(t.Context(), id); !errors.Is(err, pipeline.ErrNotFound) {
		t.Errorf("the event has an item")
	}
}

func TestIngest_AcceptsPayloadsUpToTheLimit(t *testing.T) {
	var w world
	_, err := w.ingest().Accept(t.Context(), request(`{"eventType":"demo"`+padding(1024-20)))
	if err != nil {
		t.Error(err)
	}
}

var errService = errors.New("service down")

type failingBronze struct{ pipeline.BronzeWriter }

func (failingBronze) Put(context.Context, string, []byte) error { return errService }

type failingItems struct{ pipeline.ItemCreator }

func (failingItems) Create(context.Context, pipeline.Item) (pipeline.Item, error) {
	return pipeline.Item{}, errService
}

type failingQueue struct{ pipeline.Sender }

func (failingQueue) Send(context.Context, pipeline.Event) error { return errService }

func TestIngest_ReturnsUnavailableIfAServiceFails(t *testing.T) {
	for name, fail := range map[string]func(*pipeline.Ingest){
		"bronze": func(in *pipeline.Ingest) { in.Bronze = failingBronze{} },
		"items":  func(in *pipeline.Ingest) { in.Items = failingItems{} },
		"queue":  func(in *pipeline.Ingest) { in.Queue = failingQueue{} },
	} {
		t.Run(name, func(t *testing.T) {
			var w world
			in := w.ingest()
			fail(&in)
			_, err := in.Accept(t.Context(), request(body))
			if pipeline.ErrorCode(err) != pipeline.Unavailable || !errors.Is(err, errService) {
				t.Errorf("got %v, want Unavailable because of the service", err)
			}
			if name == "bronze" {
				w.wantNothing(t) // an item or a message must never refer to a missing payload
			}
		})
	}
}

func TestIngest_SucceedsIfTheSDKRetriesItsWrites(t *testing.T) {
	var w world
	in := w.ingest()
	if _, err := in.Accept(t.Context(), request(body)); err != nil {
		t.Fatal(err)
	}
	// A second request with the same event id simulates a retry by the SDK after a lost response.
	// Its writes find an existing object and item.
	if _, err := in.Accept(t.Context(), request(body)); err != nil {
		t.Errorf("got %v, want success", err)
	}
}

// gate makes two calls run at the same time. Each call has its own channel, which it closes first.
// It then waits until the other call's channel is closed.
type gate struct{ own, other chan struct{} }

func (g gate) pass(ctx context.Context) error {
	close(g.own)
	select {
	case <-g.other:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type gatedItems struct {
	gate
	pipeline.ItemCreator
}

func (g gatedItems) Create(ctx context.Context, _ pipeline.Item) (pipeline.Item, error) {
	return pipeline.Item{}, g.pass(ctx)
}

type gatedQueue struct {
	gate
	pipeline.Sender
}

func (g gatedQueue) Send(ctx context.Context, _ pipeline.Event) error { return g.pass(ctx) }

func TestIngest_WritesItemAndMessageInParallel(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var w world
	in := w.ingest()
	a, b := make(chan struct{}), make(chan struct{})
	in.Items, in.Queue = gatedItems{gate: gate{a, b}}, gatedQueue{gate: gate{b, a}}
	if _, err := in.Accept(ctx, request(body)); err != nil {
		t.Errorf("the item and the message are not written in parallel: %v", err)
	}
}
