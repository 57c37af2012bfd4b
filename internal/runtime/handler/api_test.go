package handler

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

const (
	id   = "0199aaaa-0000-7000-8000-000000000001"
	body = `{"eventType":"demo","secret":"hunter2"}`
)

type world struct {
	bronze inmem.Bucket
	events inmem.Items
	queue  inmem.Queue

	deadLetters inmem.DeadLetterQueue
	checkpoints inmem.Checkpoints
	log         bytes.Buffer
}

func (w *world) api() API {
	return API{
		Ingest: pipeline.Ingest{
			Bronze: &w.bronze, Items: &w.events, Queue: &w.queue,
			BronzeBucket: "bronze", MaxPayloadBytes: 1024,
			Now:   func() time.Time { return time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC) },
			NewID: func() (string, error) { return id, nil },
		},
		Items:        &w.events,
		OpenToAnyone: true, QueueName: "events",
		Log: slog.New(slog.NewJSONHandler(&w.log, nil)),
	}
}

func invoke(t *testing.T, api API, event any) response {
	t.Helper()
	var resp response
	if err := json.Unmarshal(invokeRaw(t, api, event), &resp); err != nil {
		t.Fatal(err)
	}
	return resp
}

func invokeRaw(t *testing.T, api API, event any) []byte {
	t.Helper()
	in, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	invocation := &lambdacontext.LambdaContext{AwsRequestID: "invocation-1"}
	out, err := api.Invoke(lambdacontext.NewContext(t.Context(), invocation), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func httpEvent(method, path, body string) map[string]any {
	return map[string]any{
		"version": "2.0",
		"rawPath": path,
		"body":    body,
		"headers": map[string]string{"content-type": "application/json"},
		"requestContext": map[string]any{
			"requestId": "request-1",
			"http":      map[string]string{"method": method},
		},
	}
}

func TestAPI_AcceptsInvocationWithBodyAlone(t *testing.T) {
	var w world
	got := string(invokeRaw(t, w.api(), map[string]string{"body": body}))
	want := `{"statusCode":202,"headers":{"content-type":"application/json"},` +
		`"body":"{\"status\":\"accepted\",\"eventId\":\"` + id + `\"}"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAPI_IgnoresSimilarNamesInInvocation(t *testing.T) {
	var w world
	event := map[string]any{"body": body, "BODY": `{"eventType":"other"}`, "isBase64encoded": true}
	if got := invoke(t, w.api(), event); got.StatusCode != http.StatusAccepted {
		t.Fatalf("got %+v", got)
	}
	got, err := w.bronze.Get(t.Context(), w.bronze.Keys()[0])
	if string(got) != body || err != nil {
		t.Errorf("Bronze holds %q, %v", got, err)
	}
}

func TestAPI_DecodesBase64(t *testing.T) {
	var w world
	event := httpEvent(http.MethodPost, "/events", base64.StdEncoding.EncodeToString([]byte(body)))
	event["isBase64Encoded"] = true
	if got := invoke(t, w.api(), event); got.StatusCode != http.StatusAccepted {
		t.Fatalf("got %+v", got)
	}
	got, err := w.bronze.Get(t.Context(), w.bronze.Keys()[0])
	if string(got) != body || err != nil {
		t.Errorf("Bronze holds %q, %v", got, err)
	}
}

func TestAPI_RespondsToInvalidRequestsWithProblem(t *testing.T) {
	tooLarge := `{"eventType":"` + strings.Repeat("a", 1024) + `"}`
	for _, c := range []struct {
		name   string
		event  map[string]any
		status int
		code   pipeline.Code
	}{
		{"empty", httpEvent("POST", "/events", ""), 400, pipeline.EmptyBody},
		{"no body at all", map[string]any{}, 400, pipeline.EmptyBody},
		{"not JSON", httpEvent("POST", "/events", "hello"), 400, pipeline.InvalidJSON},
		{"not an object", httpEvent("POST", "/events", "7"), 400, pipeline.NotAnObject},
		{"no eventType", httpEvent("POST", "/events", "{}"), 422, pipeline.MissingEventType},
		{
			"bad eventType", httpEvent("POST", "/events", `{"eventType":"a b"}`),
			422, pipeline.InvalidEventType,
		},
		{"too large", httpEvent("POST", "/events", tooLarge), 413, pipeline.PayloadTooLarge},
		{
			"bad base64", map[string]any{"body": "%", "isBase64Encoded": true},
			400, pipeline.InvalidBase64,
		},
		{"another path", httpEvent("GET", "/", ""), 404, pipeline.NotFound},
		{"no event id", httpEvent("GET", "/events/", ""), 404, pipeline.NotFound},
		{"below an event", httpEvent("GET", "/events/"+id+"/x", ""), 404, pipeline.NotFound},
		{"unknown event", httpEvent("GET", "/events/"+id, ""), 404, pipeline.EventNotFound},
		{"bad id", httpEvent("GET", "/events/EVENT%231", ""), 400, pipeline.InvalidEventID},
		{"DELETE an event", httpEvent("DELETE", "/events/"+id, ""), 405, pipeline.MethodNotAllowed},
		{"GET events", httpEvent("GET", "/events", ""), 405, pipeline.MethodNotAllowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w world
			resp := invoke(t, w.api(), c.event)
			var p problem
			if err := json.Unmarshal([]byte(resp.Body), &p); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status ||
				resp.Headers["content-type"] != "application/problem+json" {
				t.Errorf("got %d %s, want %d as application/problem+json",
					resp.StatusCode, resp.Headers["content-type"], c.status)
			}
			if p.Type != problemType+string(c.code) || p.Status != c.status || p.Title == "" ||
				p.Detail == "" {
				t.Errorf("problem = %+v, want %s", p, c.code)
			}
			want := "invocation-1"
			if c.event["rawPath"] != nil {
				want = "request-1"
			}
			if p.RequestID != want {
				t.Errorf("problem names request %q, want %q", p.RequestID, want)
			}
			if len(w.bronze.Keys()) != 0 || len(w.queue.Sent()) != 0 {
				t.Error("the rejected request was stored")
			}
		})
	}
}

func TestAPI_NamesAllowedMethod(t *testing.T) {
	var w world
	for path, want := range map[string]string{
		"/events": "POST", "/events/" + id: "GET", "/health": "GET",
	} {
		if got := invoke(t, w.api(), httpEvent("PUT", path, "")).Headers["allow"]; got != want {
			t.Errorf("%s: Allow is %q, want %s", path, got, want)
		}
	}
}

func TestAPI_ReturnsPointerToInvalidValue(t *testing.T) {
	var w world
	resp := invoke(t, w.api(),
		httpEvent("POST", "/events", `{"eventType":"demo","a\u001b":[1,1e999]}`))
	var p problem
	err := json.Unmarshal([]byte(resp.Body), &p)
	if err != nil || p.Pointer != "/a\x1b/1" || !strings.HasSuffix(p.Detail, `, at "/a\x1b/1".`) {
		t.Errorf("problem = %+v, %v", p, err)
	}
}

func TestAPI_RejectsUnsupportedTypesAndCodings(t *testing.T) {
	for _, c := range []struct {
		name        string
		contentType string
		want        pipeline.Code
	}{
		{"JSON", "application/json", ""},
		{"JSON in UTF-8", `Application/JSON; Charset="UTF-8"`, ""},
		{"empty Content-Type", "", pipeline.UnsupportedType},
		{"curl's default", "application/x-www-form-urlencoded", pipeline.UnsupportedType},
		{"text", "text/plain", pipeline.UnsupportedType},
		{"another kind of JSON", "application/merge-patch+json", pipeline.UnsupportedType},
		{"JSON in UTF-16", "application/json; charset=utf-16", pipeline.UnsupportedType},
		{"two types", "application/json,text/plain", pipeline.UnsupportedType},
		{"invalid parameter", "application/json; charset", pipeline.UnsupportedType},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantMedia(t, map[string]string{"Content-Type": c.contentType}, c.want)
		})
	}
	t.Run("no Content-Type", func(t *testing.T) {
		wantMedia(t, map[string]string{}, pipeline.UnsupportedType)
	})
	for _, encoding := range []string{"br", "identity"} {
		t.Run(encoding, func(t *testing.T) {
			headers := map[string]string{
				"content-type": "application/json", "Content-Encoding": encoding,
			}
			wantMedia(t, headers, pipeline.UnsupportedCoding)
		})
	}
}

// wantMedia posts an event with the headers and checks the response. An empty code means that the
// event must be accepted.
func wantMedia(t *testing.T, headers map[string]string, code pipeline.Code) {
	t.Helper()
	var w world
	post := httpEvent("POST", "/events", body)
	post["headers"] = headers
	got := invoke(t, w.api(), post)
	if code == "" {
		if got.StatusCode != http.StatusAccepted {
			t.Errorf("got %+v", got)
		}
		return
	}
	if got.StatusCode != http.StatusUnsupportedMediaType ||
		!strings.Contains(got.Body, problemType+string(code)+`"`) ||
		!strings.HasPrefix(got.Headers["accept"], "application/json, ") ||
		got.Headers["accept-encoding"] != "gzip, identity" {
		t.Errorf("got %+v, want %s", got, code)
	}
}

func TestAPI_RejectsInvalidUnicodeInInvocation(t *testing.T) {
	for _, event := range []string{
		// an unpaired surrogate in the invocation itself
		`{"body":"{\"eventType\":\"demo\",\"a\":\"\ud83d\"}"}`,
		"{\"body\":\"{\\\"eventType\\\":\\\"demo\\\",\\\"a\\\":\\\"\xff\\\"}\"}",
	} {
		var w world
		resp := invoke(t, w.api(), json.RawMessage(event))
		if resp.StatusCode != http.StatusBadRequest || len(w.bronze.Keys()) > 0 {
			t.Errorf("%s: got %+v", event, resp)
		}
	}
}

func TestAPI_RespondsToPanicWithProblem(t *testing.T) {
	var w world
	api := w.api()
	api.Ingest.NewID = func() (string, error) { panic("secret of the bug") }
	resp := invoke(t, api, httpEvent("POST", "/events", body))
	if resp.StatusCode != http.StatusInternalServerError ||
		resp.Headers["content-type"] != "application/problem+json" ||
		strings.Contains(resp.Body, "secret") {
		t.Errorf("got %+v", resp)
	}
	if !strings.Contains(w.log.String(), "secret of the bug") ||
		!strings.Contains(w.log.String(), "api_test.go") {
		t.Errorf("log %s, want the cause and its stack", w.log.String())
	}
}

type brokenItems struct{ pipeline.ItemReader }

func (brokenItems) Get(context.Context, string) (pipeline.Item, error) {
	return pipeline.Item{}, errors.New("secret of the service")
}

func TestAPI_LogsCauseOfUnavailableService(t *testing.T) {
	var w world
	api := w.api()
	api.Items = brokenItems{}
	resp := invoke(t, api, httpEvent("GET", "/events/"+id, ""))
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Headers["retry-after"] == "" {
		t.Errorf("got %+v, want 503 with Retry-After", resp)
	}
	if strings.Contains(resp.Body, "secret") ||
		!strings.Contains(w.log.String(), "secret of the service") {
		t.Errorf("response %s, log %s: want the cause only in the log", resp.Body, w.log.String())
	}
}

func TestAPI_LogsCauseOfInternalError(t *testing.T) {
	var w world
	api := w.api()
	api.Ingest.NewID = func() (string, error) { return "", errors.New("secret of the bug") }
	resp := invoke(t, api, httpEvent("POST", "/events", body))
	if resp.StatusCode != http.StatusInternalServerError ||
		!strings.Contains(resp.Body, `"requestId":"request-1"`) {
		t.Errorf("got %+v", resp)
	}
	if strings.Contains(resp.Body, "secret") ||
		!strings.Contains(w.log.String(), "secret of the bug") {
		t.Errorf("response %s, log %s: want the cause only in the log", resp.Body, w.log.String())
	}
}

func TestAPI_ReturnsEventStatus(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)
	event := pipeline.Event{
		ID: id, Type: "demo", ReceivedAt: at, SHA256: "ab", Bytes: 2,
		Bronze: pipeline.Location{Bucket: "b", Key: "k"},
	}
	replayed := event
	replayed.Replay.ID = "r1"
	rest := `"bytes":2,"sha256":"ab","bronze":{"bucket":"b","key":"k"}`
	for _, c := range []struct {
		item       pipeline.Item
		enqueuedAt string
		want       string
	}{
		{
			pipeline.Item{Event: event, Status: pipeline.Enqueued},
			"07:30", `"attempts":0,` + rest,
		},
		{
			pipeline.Item{
				Event: replayed, Status: pipeline.Enqueued,
				EnqueuedAt: at.Add(9 * time.Minute), Reenqueues: 2,
			},
			"07:39", `"attempts":0,` + rest + `,"replayId":"r1","reenqueues":2`,
		},
		{
			pipeline.Item{
				Event: event, Status: pipeline.Processed, Attempts: 2, ProcessedAt: at,
				Silver: pipeline.Location{Bucket: "s", Key: "k"},
			},
			"07:30", `"processedAt":"2026-11-23T07:30:00Z","attempts":2,` + rest +
				`,"silver":{"bucket":"s","key":"k"}`,
		},
		{
			pipeline.Item{
				Event: event, Status: pipeline.Failed, Attempts: 5, FailedAt: at,
				Failure: pipeline.Failure{Code: "c", Reason: "r"},
			},
			"07:30", `"failedAt":"2026-11-23T07:30:00Z","attempts":5,` + rest +
				`,"failure":{"code":"c","reason":"r"}`,
		},
	} {
		var w world
		if _, err := w.events.Create(t.Context(), c.item); err != nil {
			t.Fatal(err)
		}
		got := invoke(t, w.api(), httpEvent("GET", "/events/"+id, ""))
		want := `{"eventId":"` + id + `","eventType":"demo","status":"` + string(c.item.Status) +
			`","receivedAt":"2026-11-23T07:30:00Z","enqueuedAt":"2026-11-23T` + c.enqueuedAt +
			`:00Z",` + c.want + `}`
		if diff := cmp.Diff(want, got.Body); diff != "" || got.StatusCode != http.StatusOK {
			t.Errorf("%s: %d (-want +got):\n%s", c.item.Status, got.StatusCode, diff)
		}
	}
}

func TestAPI_PrefersRouteKeyToRawPath(t *testing.T) {
	var w world
	post := httpEvent("POST", "/v1/events", body)
	post["routeKey"] = "POST /events"
	if got := invoke(t, w.api(), post); got.StatusCode != http.StatusAccepted {
		t.Errorf("POST: %+v", got)
	}
	get := httpEvent("GET", "/v1/events/"+id, "")
	get["routeKey"], get["pathParameters"] = "GET /events/{eventId}", map[string]string{
		"eventId": id,
	}
	if got := invoke(t, w.api(), get); got.StatusCode != http.StatusOK {
		t.Errorf("GET: %+v", got)
	}
	healthCheck := httpEvent("GET", "/v1/health", "")
	healthCheck["routeKey"] = "GET /health"
	if got := invoke(t, w.api(), healthCheck); got.StatusCode != http.StatusOK {
		t.Errorf("health: %+v", got)
	}
}

// An existing HTTP API can have other routes than the construct's, for example $default. Such
// a route can require less authorization, so the handler must reject its requests.
func TestAPI_RejectsRequestsOfOtherRoutes(t *testing.T) {
	for _, key := range []string{"$default", "ANY /{proxy+}", "ANY /events", "POST /other"} {
		for _, event := range []map[string]any{
			httpEvent("POST", "/events", body),
			httpEvent("GET", "/events/"+id, ""),
			httpEvent("GET", "/health", ""),
		} {
			var w world
			event["routeKey"] = key
			got := invoke(t, w.api(), event)
			if got.StatusCode != http.StatusNotFound &&
				got.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s is served for %v: %+v", key, event["rawPath"], got)
			}
			if len(w.bronze.Keys()) > 0 {
				t.Errorf("%s: the rejected request was stored", key)
			}
		}
	}
}

type hangingItems struct{ pipeline.ItemReader }

func (hangingItems) Get(ctx context.Context, _ string) (pipeline.Item, error) {
	<-ctx.Done()
	return pipeline.Item{}, ctx.Err()
}

func TestAPI_RespondsBeforeLambdaTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		api := w.api()
		api.Items = hangingItems{}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		resp := api.respond(ctx, request{
			RouteKey:       "GET /events/{eventId}",
			PathParameters: map[string]string{"eventId": id},
		})
		took := time.Since(start)
		if resp.StatusCode != http.StatusServiceUnavailable || took != 9*time.Second {
			t.Errorf("got %d after %s, want 503 after 9s", resp.StatusCode, took)
		}
		if !strings.Contains(w.log.String(), `"level":"ERROR"`) {
			t.Errorf("log %s, want an error", w.log.String())
		}
	})
}

func TestAPI_ReturnsHealth(t *testing.T) {
	var w world
	got := invoke(t, w.api(), httpEvent("GET", "/health", ""))
	if got.StatusCode != 200 || got.Body != `{"status":"ok"}` {
		t.Errorf("got %+v", got)
	}
}

func TestAPI_LogsIDAndSizeButNoPayload(t *testing.T) {
	var w world
	invoke(t, w.api(), map[string]string{"body": body})
	invoke(t, w.api(), map[string]string{"body": body + "x"})
	log := w.log.String()
	if strings.Contains(log, "hunter2") {
		t.Errorf("the payload is in the log: %s", log)
	}
	if !strings.Contains(log, id) || !strings.Contains(log, `"bytes":39`) {
		t.Errorf("no id or size in the log: %s", log)
	}
}

func TestAPI_HidesExpiredEvent(t *testing.T) {
	var w world
	now := w.api().Ingest.Now()
	event := pipeline.Event{ID: id, Type: "demo", ReceivedAt: now.Add(-time.Hour)}
	item := pipeline.Item{
		Event:     event,
		Status:    pipeline.Processed,
		ExpiresAt: now.Add(-time.Second),
	}
	if _, err := w.events.Create(t.Context(), item); err != nil {
		t.Fatal(err)
	}
	got := invoke(t, w.api(), httpEvent("GET", "/events/"+id, ""))
	if got.StatusCode != http.StatusNotFound {
		t.Errorf("got %+v, want 404: DynamoDB deletes an expired item only after some days", got)
	}
}

func TestAPI_RespondsToDuplicateLikeToFirstRequest(t *testing.T) {
	var w world
	post := httpEvent("POST", "/events", body)
	post["headers"] = map[string]string{
		"Content-Type":    "application/json",
		"Idempotency-Key": "key-1",
	}
	first := invoke(t, w.api(), post)
	if first.StatusCode != http.StatusAccepted || first.Headers["idempotency-replayed"] != "" {
		t.Fatalf("first: %+v", first)
	}
	post["headers"] = map[string]string{
		"content-type":    "application/json",
		"idempotency-key": "key-1",
	}
	again := invoke(t, w.api(), post)
	if again.StatusCode != http.StatusAccepted || again.Body != first.Body ||
		again.Headers["idempotency-replayed"] != "true" {
		t.Errorf("again: %+v, want %+v", again, first)
	}
	post["body"] = `{"eventType":"other"}`
	reused := invoke(t, w.api(), post)
	if reused.StatusCode != http.StatusUnprocessableEntity ||
		!strings.Contains(reused.Body, string(pipeline.KeyReused)) {
		t.Errorf("with another payload: %+v", reused)
	}
	post["headers"] = map[string]string{"content-type": "application/json", "idempotency-key": ""}
	if empty := invoke(t, w.api(), post); empty.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("with an empty key: %+v", empty)
	}
	if strings.Contains(w.log.String(), "key-1") {
		t.Error("a key is in the log")
	}
}

// The IETF's draft of the header Idempotency-Key writes the key as a quoted string.
func TestAPI_TreatsAQuotedKeyLikeItsText(t *testing.T) {
	for _, c := range []struct {
		first, second string
		same          bool
	}{
		{`k`, `"k"`, true},
		{`a"b\c`, `"a\"b\\c"`, true},
		{`"`, `"\""`, true},
		{`k`, `K`, false},
		{`k`, `"k`, false},
		{`k`, `'k'`, false},
		{`"a"b"`, `a"b`, false}, // the first text is not a quoted string
		{`"a\b"`, `a\b`, false},
	} {
		var w world
		post := httpEvent("POST", "/events", body)
		send := func(key string) response {
			post["headers"] = map[string]string{
				"content-type": "application/json", "idempotency-key": key,
			}
			return invoke(t, w.api(), post)
		}
		first, second := send(c.first), send(c.second)
		if first.StatusCode != http.StatusAccepted || second.StatusCode != http.StatusAccepted ||
			(first.Body == second.Body) != c.same {
			t.Errorf("%s and %s: same = %t, want %t; got %+v, %+v",
				c.first, c.second, first.Body == second.Body, c.same, first, second)
		}
	}
}

func TestAPI_SeparatesKeysOfCallers(t *testing.T) {
	var w world
	ids := make(map[string]string)
	for name, authorizer := range callers {
		post := httpEvent("POST", "/events", body)
		post["headers"] = map[string]string{
			"content-type":    "application/json",
			"idempotency-key": "key",
		}
		post["requestContext"].(map[string]any)["authorizer"] = json.RawMessage(authorizer)
		got := invoke(t, w.api(), post)
		if got.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: %+v", name, got)
		}
		ids[name] = got.Body
	}
	if ids["role"] != ids["role, restarted"] {
		t.Error("a new session of the same role has other keys")
	}
	distinct := make(map[string]bool)
	for _, resp := range ids {
		distinct[resp] = true
	}
	if len(distinct) != len(callers)-1 {
		t.Errorf("responses %v", ids)
	}
}

// The reason of a schema violation can contain names from the payload, so the log must not contain
// it.
func TestAPI_LogsNoDetailOfASchemaViolation(t *testing.T) {
	var w world
	api := w.api()
	api.Ingest.Schemas = demoSchema{}
	invoke(t, api, httpEvent("POST", "/events", `{"eventType":"demo"}`))
	if log := w.log.String(); !strings.Contains(log, `"schema-violation"`) ||
		strings.Contains(log, "reason") {
		t.Errorf("want the code without a reason, got %s", log)
	}
}
