package client_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

// platform represents an emulated API Gateway with a pipeline's API function.
type platform struct {
	maxBytes int // default MaxBatchBytes

	bronze inmem.Bucket
	items  inmem.Items
	queue  inmem.Queue
}

func (p *platform) serve(t *testing.T) http.Handler {
	t.Helper()
	function := handler.API{
		Ingest: pipeline.Ingest{
			Bronze: &p.bronze, Items: &p.items, Queue: &p.queue, BronzeBucket: "bronze",
			MaxPayloadBytes: cmp.Or(p.maxBytes, client.MaxBatchBytes),
			StatusRetention: time.Hour, Now: time.Now, KeyCache: new(pipeline.KeyCache),
			NewID: func() (string, error) {
				id, err := uuid.NewV7()
				return id.String(), err
			},
		},
		Items: &p.items, OpenToAnyone: true, Log: slog.New(slog.DiscardHandler),
	}
	gateway, err := apigateway.New(apigateway.API{
		ID: "api", Region: "us-east-1", Account: "000000000000",
		Stages: []apigateway.Stage{{Name: apigateway.DefaultStage}},
		Routes: []apigateway.Route{
			{Key: "POST /events"}, {Key: "GET /events/{eventId}"}, {Key: "GET /health"},
		},
		Invoke: func(ctx context.Context, _ string, in []byte) (apigateway.Result, error) {
			out, err := function.Invoke(ctx, in)
			return apigateway.Result{Payload: out}, err
		},
		AccessLog: func([]byte) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return gateway
}

func TestClient_SendsEventsToThePlatform(t *testing.T) {
	var p platform
	c := newClient(t, p.serve(t), client.Options{})
	accepted, err := c.Send(t.Context(), event, client.WithIdempotencyKey("order-7"))
	if err != nil || accepted.Duplicate {
		t.Fatalf("got %+v, %v", accepted, err)
	}
	again, err := c.Send(t.Context(), event, client.WithIdempotencyKey("order-7"))
	if err != nil || again.EventID != accepted.EventID || !again.Duplicate {
		t.Errorf("the second call returned %+v, %v", again, err)
	}
	_, err = c.Send(t.Context(), []byte(`{"eventType":"b"}`), client.WithIdempotencyKey("order-7"))
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Status != http.StatusUnprocessableEntity {
		t.Errorf("the key with another event: %v", err)
	}
	status, err := c.Status(t.Context(), accepted.EventID)
	if err != nil || status.Status != client.Enqueued || status.EventType != "a" ||
		status.Bytes != len(event) {
		t.Errorf("got %+v, %v", status, err)
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestClient_StoresAnEventOnceIfTheResponseIsLost(t *testing.T) {
	var p platform
	gateway := p.serve(t)
	attempts := 0
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		attempts++
		if attempts < 3 {
			gateway.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		gateway.ServeHTTP(w, r)
	}), client.Options{})
	accepted, err := c.Send(t.Context(), event)
	if keys := p.bronze.Keys(); err != nil || !accepted.Duplicate || len(keys) != 1 {
		t.Errorf("got %+v, %v; Bronze has %q", accepted, err, keys)
	}
}

func TestClient_ReturnsTheProblemOfThePlatform(t *testing.T) {
	var p platform
	c := newClient(t, p.serve(t), client.Options{})
	_, err := c.Send(t.Context(), []byte(`{"eventType":"a","amount":1e999}`))
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Status != http.StatusBadRequest ||
		problem.Type != "urn:problem-type:eventpipeline:number-out-of-range" ||
		problem.Pointer != "/amount" {
		t.Errorf("got %+v", problem)
	}
}

func TestClient_SendsBatchesToThePlatform(t *testing.T) {
	for _, gzip := range []bool{false, true} {
		var p platform
		c := newClient(t, p.serve(t), client.Options{Gzip: gzip})
		mixed := [][]byte{
			[]byte(`{"eventType":"a"}`), []byte("{\r\n\"eventType\":\"b\",\"n\":1.0}"),
			[]byte(`{"eventType":"a"}`),
		}
		key := client.WithIdempotencyKey("orders-7")
		got, err := c.SendBatch(t.Context(), mixed, key)
		if err != nil || got.Duplicate || len(got.Batches) != 2 || len(p.bronze.Keys()) != 2 {
			t.Fatalf("got %+v, %v; Bronze has %q", got, err, p.bronze.Keys())
		}
		first, second := got.Batches[0], got.Batches[1]
		if first.EventType != "a" || first.Count != 2 || second.EventType != "b" ||
			got.Events[0].EventID != first.BatchID+".0" ||
			got.Events[1].EventID != second.BatchID+".0" ||
			got.Events[2].EventID != first.BatchID+".1" {
			t.Errorf("got %+v", got)
		}
		status, err := c.Status(t.Context(), got.Events[2].EventID)
		if err != nil || status.Status != client.Enqueued || status.BatchID != first.BatchID {
			t.Errorf("the event has the status %+v, %v", status, err)
		}
		status, err = c.Status(t.Context(), first.BatchID)
		if err != nil || status.Count != 2 {
			t.Errorf("the batch has the status %+v, %v", status, err)
		}
		again, err := c.SendBatch(t.Context(), mixed, key)
		if err != nil || !again.Duplicate || again.Events[1] != got.Events[1] {
			t.Errorf("the second call returned %+v, %v", again, err)
		}
	}
}

func TestClient_ReturnsTheProblemsOfABatch(t *testing.T) {
	var p platform
	c := newClient(t, p.serve(t), client.Options{})
	mixed := [][]byte{
		[]byte(`{"eventType":"a","amount":1e999}`), []byte(`{"eventType":"a"}`), []byte(`{"n":1}`),
	}
	_, err := c.SendBatch(t.Context(), mixed)
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Status != http.StatusUnprocessableEntity ||
		len(problem.Errors) != 2 || problem.Errors[0].Index != 0 ||
		problem.Errors[0].Pointer != "/amount" || problem.Errors[1].Index != 2 ||
		len(p.bronze.Keys()) > 0 {
		t.Errorf("strict: got %+v; Bronze has %q", problem, p.bronze.Keys())
	}
	got, err := c.SendBatch(t.Context(), mixed, client.WithLenient())
	if err != nil || got.Events[0].Problem == nil || got.Events[1].EventID == "" ||
		got.Events[2].Problem.Type != "urn:problem-type:eventpipeline:missing-event-type" ||
		got.Batches[0].Count != 1 {
		t.Errorf("lenient: got %+v, %v", got, err)
	}
}

// The platform limits the size of a batch. Its response describes only some of the invalid events.
func TestBatcher_SendsEventsToThePlatform(t *testing.T) {
	p := platform{maxBytes: 2000}
	c := newClient(t, p.serve(t), client.Options{Gzip: true})
	b := c.NewBatcher(client.BatcherOptions{})
	var r results
	addAll(t, b, 500, r.add)
	for i := range 300 {
		event := fmt.Appendf(nil, `{"eventType":"1","n":%d}`, i)
		if err := b.Add(t.Context(), event, r.add); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(t.Context()); err == nil {
		t.Error("Close returned no error")
	}
	stored := 0
	for _, batch := range p.queue.Sent() {
		stored += batch.Events()
	}
	if stored != 500 || len(r.accepted) != 500 || len(r.errs) != 300 {
		t.Errorf("stored %d events; accepted %d, rejected %d", stored, len(r.accepted), len(r.errs))
	}
	for text, err := range r.errs {
		var problem *client.Problem
		if !errors.As(err, &problem) || problem.Pointer != "/eventType" {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestBatcher_StoresEventsOnceIfResponsesAreLost(t *testing.T) {
	var p platform
	gateway := p.serve(t)
	var attempts atomic.Int32
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if attempts.Add(1)%2 == 1 {
			gateway.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		gateway.ServeHTTP(w, r)
	}), client.Options{MaxAttempts: 20})
	b := c.NewBatcher(client.BatcherOptions{MaxBatchEvents: 10})
	var r results
	addAll(t, b, 95, r.add)
	err := b.Close(t.Context())
	if keys := p.bronze.Keys(); err != nil || len(r.accepted) != 95 || len(keys) != 10 {
		t.Errorf("accepted %d, Bronze has %d objects, %v", len(r.accepted), len(keys), err)
	}
}

// Package client must not import packages of the runtime, so it has its own type EventStatus.
func TestEventStatus_HasTheFieldsOfTheAPI(t *testing.T) {
	for field := range reflect.TypeFor[handler.EventStatus]().Fields() {
		got, ok := reflect.TypeFor[client.EventStatus]().FieldByName(field.Name)
		name := func(f reflect.StructField) string {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			return name
		}
		if !ok || name(got) != name(field) {
			t.Errorf("%s is %q, want %q", field.Name, name(got), name(field))
		}
	}
}
