package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

func TestSend_SendsTheBytesUnchanged(t *testing.T) {
	event := "{ \"eventType\": \"a\",\r\n\t\"n\": 1.0, \"html\": \"<&>\" }\n"
	for _, gzip := range []bool{false, true} {
		var a api
		c := newClient(t, &a, client.Options{Gzip: gzip})
		accepted, err := c.Send(t.Context(), []byte(event))
		if err != nil || accepted.EventID != "event-1" || accepted.Duplicate {
			t.Errorf("got %+v, %v", accepted, err)
		}
		if !slices.Equal(a.accepted, []string{event}) {
			t.Errorf("gzip %t: the API got %q", gzip, a.accepted)
		}
		if encoding := a.requests[0].Header.Get("Content-Encoding"); (encoding == "gzip") != gzip {
			t.Errorf("gzip %t: Content-Encoding is %q", gzip, encoding)
		}
	}
}

func TestSend_GeneratesAKeyForEachCall(t *testing.T) {
	var a api
	c := newClient(t, &a, client.Options{})
	for range 2 {
		if _, err := c.Send(t.Context(), []byte(`{"eventType":"a"}`)); err != nil {
			t.Fatal(err)
		}
	}
	keys := a.keys()
	for _, key := range keys {
		if err := uuid.Validate(key); err != nil {
			t.Errorf("key %q: %v", key, err)
		}
	}
	if keys[0] == keys[1] || len(a.accepted) != 2 {
		t.Errorf("keys %q, accepted %q", keys, a.accepted)
	}
}

// The API accepts an array as a batch, so Send must not send an array.
func TestSend_SendsNoArray(t *testing.T) {
	var a api
	c := newClient(t, &a, client.Options{})
	_, err := c.Send(t.Context(), []byte(` [{"eventType":"a"}]`))
	if !errors.Is(err, client.ErrNotObject) || a.attempts > 0 {
		t.Errorf("got %v after %d requests", err, a.attempts)
	}
}

func TestSend_ReportsADuplicate(t *testing.T) {
	var a api
	c := newClient(t, &a, client.Options{})
	key := client.WithIdempotencyKey("order-7")
	for _, duplicate := range []bool{false, true} {
		accepted, err := c.Send(t.Context(), []byte(`{"eventType":"a"}`), key)
		if err != nil || accepted.Duplicate != duplicate || accepted.EventID != "event-1" {
			t.Errorf("got %+v, %v", accepted, err)
		}
	}
}

func TestSend_RejectsInvalidKeys(t *testing.T) {
	var a api
	c := newClient(t, &a, client.Options{})
	for _, key := range []string{"", "a b", "ä", "\n", "a\x7f", strings.Repeat("x", 256)} {
		_, err := c.Send(t.Context(), []byte(`{}`), client.WithIdempotencyKey(key))
		if err == nil || a.attempts > 0 {
			t.Errorf("%q was sent", key)
		}
	}
	longest := client.WithIdempotencyKey(strings.Repeat("~", 255))
	if _, err := c.Send(t.Context(), []byte(`{"eventType":"a"}`), longest); err != nil {
		t.Error(err)
	}
}

func TestSendBatch_ReturnsAResultForEachEvent(t *testing.T) {
	for _, gzip := range []bool{false, true} {
		var a api
		c := newClient(t, &a, client.Options{Gzip: gzip})
		events := [][]byte{[]byte(`{"eventType":"a","n":0}`), []byte("{\n \"eventType\":\"a\" }\n")}
		got, err := c.SendBatch(t.Context(), events)
		if err != nil || len(got.Events) != 2 || got.Events[0].EventID != "batch-1.0" ||
			got.Events[1].EventID != "batch-1.1" || got.Duplicate ||
			!slices.Equal(got.Batches, []client.Batch{{"batch-1", "a", 2}}) {
			t.Errorf("got %+v, %v", got, err)
		}
		if len(a.accepted) != 2 || a.accepted[0] != string(events[0]) {
			t.Errorf("the API got %q", a.accepted)
		}
	}
}

func TestSendBatch_IsStrictByDefault(t *testing.T) {
	var a api
	c := newClient(t, &a, client.Options{})
	events := [][]byte{[]byte(`{"eventType":"a"}`), []byte(`{"eventType":"bad"}`)}
	_, err := c.SendBatch(t.Context(), events)
	var problem *client.Problem
	want := client.EventProblem{
		Index: 1, Status: 422, Type: "t", Title: "Bad", Detail: "No good.", Pointer: "/eventType",
	}
	if !errors.As(err, &problem) || problem.Status != 422 ||
		!cmp.Equal(problem.Errors, []client.EventProblem{want}) {
		t.Errorf("got %v", err)
	}
	if !strings.HasSuffix(err.Error(), "; event 1: No good.") || len(a.accepted) > 0 {
		t.Errorf("got %v, accepted %q", err, a.accepted)
	}
}

func TestSendBatch_AcceptsTheValidEventsIfLenient(t *testing.T) {
	var a api
	c := newClient(t, &a, client.Options{})
	events := [][]byte{
		[]byte(`{"eventType":"bad"}`), []byte(`{"eventType":"a"}`), []byte(`{"eventType":"bad"}`),
	}
	got, err := c.SendBatch(t.Context(), events, client.WithLenient())
	if err != nil || len(a.accepted) != 1 || got.Events[1].EventID != "batch-1.0" {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, i := range []int{0, 2} {
		problem := got.Events[i].Problem
		if problem == nil || problem.Pointer != "/eventType" ||
			problem.Error() != "HTTP 422: No good." {
			t.Errorf("event %d has the problem %v", i, problem)
		}
	}
}

// The API identifies an event of a batch by its position. A text with two objects shifts the
// positions of later events.
func TestSendBatch_SendsNothingIfAnEventIsNotOneObject(t *testing.T) {
	var a api
	c := newClient(t, &a, client.Options{})
	for _, text := range []string{
		``, ` `, `1`, `"x"`, `null`, `[]`, `[{"eventType":"a"}]`, `{"eventType":"a"`, `{}}`,
		`{},{}`, `{} {}`, `{"eventType":"a"}]`, "\ufeff{}", `{"a":1,"a":2}`,
		"{\"a\":\"\xff\"}", `// x`,
	} {
		events := [][]byte{[]byte(`{"eventType":"a"}`), []byte(text)}
		_, err := c.SendBatch(t.Context(), events, client.WithLenient())
		var invalid *client.InvalidEventError
		if !errors.As(err, &invalid) || invalid.Index != 1 ||
			!errors.Is(err, client.ErrNotObject) || a.attempts > 0 {
			t.Errorf("%q: got %v", text, err)
		}
	}
	if _, err := c.SendBatch(t.Context(), nil); err == nil || a.attempts > 0 {
		t.Error("an empty batch was sent")
	}
}

func TestClient_FailsIfTheServerIsNotAPipeline(t *testing.T) {
	events := [][]byte{[]byte(`{}`), []byte(`{}`)}
	for _, text := range []string{
		`hello`, `{}`, `[]`, `{"events":[{"index":0,"eventId":"a"}]}`,
		`{"events":[{"index":0,"eventId":"a"},{"index":2,"eventId":"b"}]}`,
		`{"events":[{"index":0,"eventId":"a"},{"index":1}]}`,
	} {
		respond := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
		c := newClient(t, http.HandlerFunc(respond), client.Options{})
		if got, err := c.Send(t.Context(), []byte(`{}`)); err == nil {
			t.Errorf("%s: Send returned %+v", text, got)
		}
		if got, err := c.SendBatch(t.Context(), events); err == nil {
			t.Errorf("%s: SendBatch returned %+v", text, got)
		}
		if got, err := c.Status(t.Context(), "1"); err == nil {
			t.Errorf("%s: Status returned %+v", text, got)
		}
	}
}

// An id that contains a path must not select another path of the API.
func TestStatus_EscapesTheID(t *testing.T) {
	a := api{fault: func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		_, _ = io.WriteString(w, `{"status":"ok"}`)
		return true
	}}
	c := newClient(t, &a, client.Options{})
	for _, id := range []string{"../health", "a/../../health", "%2e%2e/health", "a?b#c d", "100%"} {
		if _, err := c.Status(t.Context(), id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
		got := a.requests[len(a.requests)-1].URL.EscapedPath()
		if want := "/events/" + url.PathEscape(id); got != want {
			t.Errorf("%q: got the path %s, want %s", id, got, want)
		}
	}
}

func BenchmarkSendBatch(b *testing.B) {
	response := `{"events":[`
	var events [][]byte
	for i := range 100 {
		event, err := json.Marshal(map[string]any{"eventType": "demo", "sequence": i,
			"message": strings.Repeat("hello ", 100)})
		if err != nil {
			b.Fatal(err)
		}
		events = append(events, event)
		result, err := json.Marshal(map[string]any{"index": i, "eventId": uuid.NewString() + ".1"})
		if err != nil {
			b.Fatal(err)
		}
		response += string(result) + ","
	}
	response = strings.TrimSuffix(response, ",") + `]}`
	respond := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(response)) }
	for name, gzip := range map[string]bool{"plain": false, "gzip": true} {
		b.Run(name, func(b *testing.B) {
			c, err := client.New("http://pipeline.test", client.Options{Gzip: gzip,
				HTTPClient: &http.Client{Transport: direct{http.HandlerFunc(respond)}}})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.SendBatch(b.Context(), events); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(100*b.N), "ns/event")
		})
	}
}
