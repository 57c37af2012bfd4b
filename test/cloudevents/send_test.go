package cloudevents

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	sdk "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

// api serves the API function behind an emulated API Gateway, with services in memory.
type api struct {
	url    string
	bronze inmem.Bucket
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := new(api)
	ids := 0
	function := handler.API{
		Ingest: pipeline.Ingest{
			Bronze: &a.bronze, Items: new(inmem.Items), Queue: new(inmem.Queue),
			BronzeBucket: "bronze", MaxPayloadBytes: 1 << 20, Now: time.Now,
			NewID: func() (string, error) {
				ids++
				return fmt.Sprintf("0199aaaa-0000-7000-8000-%012d", ids), nil
			},
		},
		OpenToAnyone: true, Log: slog.New(slog.DiscardHandler),
	}
	gateway, err := apigateway.New(apigateway.API{
		Stages: []apigateway.Stage{{Name: apigateway.DefaultStage}},
		Routes: []apigateway.Route{{Key: "POST /events"}},
		Invoke: func(ctx context.Context, _ string, event []byte) (apigateway.Result, error) {
			out, err := function.Invoke(ctx, event)
			return apigateway.Result{Payload: out}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gateway)
	t.Cleanup(server.Close)
	a.url = server.URL + "/events"
	return a
}

// stored returns the CloudEvent in Bronze, as the SDK reads it.
func (a *api) stored(t *testing.T) event.Event {
	t.Helper()
	keys := a.bronze.Keys()
	if len(keys) != 1 {
		t.Fatalf("Bronze holds %v", keys)
	}
	text, err := a.bronze.Get(t.Context(), keys[0])
	if err != nil {
		t.Fatal(err)
	}
	var stored event.Event
	if text[0] == '[' {
		return a.storedEvents(t)[0]
	}
	if err := json.Unmarshal(text, &stored); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return stored
}

// storedEvents returns the CloudEvents of all batches in Bronze.
func (a *api) storedEvents(t *testing.T) []event.Event {
	t.Helper()
	var all []event.Event
	for _, key := range a.bronze.Keys() {
		text, err := a.bronze.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		var batch []event.Event
		if err := json.Unmarshal(text, &batch); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		all = append(all, batch...)
	}
	return all
}

// modes lists the modes of the HTTP binding with one event per request.
var modes = map[string]func(context.Context) context.Context{
	"binary":     binding.WithForceBinary,
	"structured": binding.WithForceStructured,
}

// events returns events with each kind of data and of attribute.
func events(t *testing.T) map[string]event.Event {
	t.Helper()
	all := map[string]event.Event{}
	add := func(name, contentType string, data any) *event.Event {
		e := event.New()
		e.SetID("A-1")
		e.SetSource("https://example.org/shops/berlin?x=1#y")
		e.SetType("com.example.order_created")
		e.SetTime(time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)) // else the client sets the time
		if data != nil {
			if err := e.SetData(contentType, data); err != nil {
				t.Fatal(err)
			}
		}
		all[name] = e
		return &e
	}
	add("no data", "", nil)
	add("JSON", "application/json", map[string]any{"total": 19.99, "text": "h\u00e9llo\n"})
	add("JSON in text", "text/json", []byte(`[1, null]`))
	add("text", "text/plain", []byte("a \"quoted\" text\n"))
	add("XML", "application/xml", []byte("<order id=\"1\"/>"))
	add("bytes", "application/octet-stream", []byte{0, 1, 0xff})
	add("image", "image/png", []byte("\x89PNG"))
	full := event.New()
	full.SetID("7f3c")
	full.SetSource("/s")
	full.SetType("demo")
	full.SetSubject("orders/A-1")
	full.SetTime(time.Date(2026, 11, 23, 7, 30, 0, 123456789, time.UTC))
	full.SetDataSchema("https://example.org/schema")
	full.SetExtension("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	full.SetExtension("partitionkey", "k")
	full.SetExtension("sequence", 7)
	full.SetExtension("sampled", true)
	all["every attribute"] = full
	return all
}

func TestSDK_SendsEventsThatTheAPIStores(t *testing.T) {
	for mode, with := range modes {
		for name, sent := range events(t) {
			t.Run(mode+"/"+name, func(t *testing.T) {
				a := newAPI(t)
				client, err := sdk.NewClientHTTP(sdk.WithTarget(a.url))
				if err != nil {
					t.Fatal(err)
				}
				if result := client.Send(with(t.Context()), sent); !sdk.IsACK(result) {
					t.Fatal(result)
				}
				wantSame(t, a.stored(t), sent)
			})
		}
	}
}

func TestSDK_SendsBatchesThatTheAPIStores(t *testing.T) {
	sent := map[string]event.Event{}
	var list []event.Event
	for name, e := range events(t) {
		e.SetID(name)
		sent[name] = e
		list = append(list, e)
	}
	a := newAPI(t)
	request, err := cehttp.NewHTTPRequestFromEvents(t.Context(), a.url, list)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var accepted struct{ Events []struct{ EventID string } }
	err = json.NewDecoder(response.Body).Decode(&accepted)
	if err != nil || response.StatusCode != http.StatusAccepted ||
		len(accepted.Events) != len(list) {
		t.Fatalf("got %d %+v, %v", response.StatusCode, accepted, err)
	}
	stored := a.storedEvents(t)
	if len(stored) != len(list) {
		t.Errorf("Bronze holds %d events, want %d", len(stored), len(list))
	}
	for _, e := range stored {
		wantSame(t, e, sent[e.ID()])
	}
}

// wantSame checks that two events are equal. It compares extension attributes as text, because the
// SDK reads all attributes as text in binary mode.
func wantSame(t *testing.T, got, want event.Event) {
	t.Helper()
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if got.ID() != want.ID() || got.Source() != want.Source() || got.Type() != want.Type() ||
		got.Subject() != want.Subject() || !got.Time().Equal(want.Time()) ||
		got.DataSchema() != want.DataSchema() || got.DataContentType() != want.DataContentType() {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if fmt.Sprint(got.Extensions()) != fmt.Sprint(want.Extensions()) {
		t.Errorf("got extensions %v, want %v", got.Extensions(), want.Extensions())
	}
	if !bytes.Equal(got.Data(), want.Data()) {
		t.Errorf("got data %q, want %q", got.Data(), want.Data())
	}
}

// If the SDK sends a request twice, the API must send the same response twice.
func TestSDK_SendsTheSameEventOnce(t *testing.T) {
	for mode, with := range modes {
		a := newAPI(t)
		var bodies []string
		for range 2 {
			e := events(t)["every attribute"]
			request, err := http.NewRequestWithContext(t.Context(), "POST", a.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = cehttp.WriteRequest(with(t.Context()), (*binding.EventMessage)(&e), request)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil || response.StatusCode != http.StatusAccepted {
				t.Fatalf("%s: %d %s, %v", mode, response.StatusCode, body, err)
			}
			bodies = append(bodies, string(body))
		}
		if bodies[0] != bodies[1] || len(a.bronze.Keys()) != 1 {
			t.Errorf("%s: %q, Bronze %v", mode, bodies, a.bronze.Keys())
		}
	}
}
