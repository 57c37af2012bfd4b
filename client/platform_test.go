package client_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

// platform represents the API function of the platform behind an emulated API Gateway.
type platform struct {
	bronze inmem.Bucket
	items  inmem.Items
	queue  inmem.Queue
}

func (p *platform) serve(t *testing.T) http.Handler {
	t.Helper()
	function := handler.API{
		Ingest: pipeline.Ingest{
			Bronze: &p.bronze, Items: &p.items, Queue: &p.queue, BronzeBucket: "bronze",
			MaxPayloadBytes: client.MaxBatchBytes, StatusRetention: time.Hour, Now: time.Now,
			KeyCache: new(pipeline.KeyCache),
			NewID: func() (string, error) {
				id, err := uuid.NewV7()
				return id.String(), err
			},
		},
		Items: &p.items, Open: true, Log: slog.New(slog.DiscardHandler),
	}
	gateway, err := apigateway.New(apigateway.API{
		ID: "api", Region: "us-east-1", Account: "000000000000",
		Routes: []apigateway.Route{
			{Key: "POST /events"}, {Key: "GET /events/{eventId}"}, {Key: "GET /health"},
		},
		Invoke: func(ctx context.Context, _ string, in []byte) (apigateway.Result, error) {
			out, err := function.Invoke(ctx, in)
			return apigateway.Result{Payload: out}, err
		},
		AccessLog: func([]byte) {}, WriteLog: func([]byte) {},
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

func TestClient_StoresAnEventOnceIfTheAnswerIsLost(t *testing.T) {
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

// The client must not depend on the runtime, so it has a type of its own.
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
