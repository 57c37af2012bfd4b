package handler

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
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
		Items: &w.events,
		Open:  true, QueueName: "events",
		Log: slog.New(slog.NewJSONHandler(&w.log, nil)),
	}
}

func invoke(t *testing.T, api API, event any) response {
	t.Helper()
	var answer response
	if err := json.Unmarshal(invokeRaw(t, api, event), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func invokeRaw(t *testing.T, api API, event any) []byte {
	t.Helper()
	in, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	out, err := api.Invoke(lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "invocation-1"}), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func httpEvent(method, path, body string) map[string]any {
	return map[string]any{
		"version": "2.0", "rawPath": path, "body": body, "headers": map[string]string{"content-type": "application/json"},
		"requestContext": map[string]any{"requestId": "request-1", "http": map[string]string{"method": method}},
	}
}

func TestAPI_BodyAloneIsAValidInvocation(t *testing.T) {
	var w world
	got := string(invokeRaw(t, w.api(), map[string]string{"body": body}))
	want := `{"statusCode":202,"headers":{"content-type":"application/json"},"body":"{\"status\":\"accepted\",\"eventId\":\"` + id + `\"}"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAPI_DecodesBase64(t *testing.T) {
	var w world
	event := httpEvent(http.MethodPost, "/events", base64.StdEncoding.EncodeToString([]byte(body)))
	event["isBase64Encoded"] = true
	if got := invoke(t, w.api(), event); got.StatusCode != http.StatusAccepted {
		t.Fatalf("got %+v", got)
	}
	if got, err := w.bronze.Get(t.Context(), w.bronze.Keys()[0]); string(got) != body || err != nil {
		t.Errorf("Bronze holds %q, %v", got, err)
	}
}

func TestAPI_AnswersAMistakeWithAProblem(t *testing.T) {
	for _, c := range []struct {
		name   string
		event  map[string]any
		status int
		code   pipeline.Code
	}{
		{"empty", httpEvent("POST", "/events", ""), 400, pipeline.EmptyBody},
		{"no body at all", map[string]any{}, 400, pipeline.EmptyBody},
		{"not JSON", httpEvent("POST", "/events", "hello"), 400, pipeline.InvalidJSON},
		{"not an object", httpEvent("POST", "/events", "[]"), 400, pipeline.NotAnObject},
		{"no eventType", httpEvent("POST", "/events", "{}"), 422, pipeline.MissingEventType},
		{"bad eventType", httpEvent("POST", "/events", `{"eventType":"a b"}`), 422, pipeline.InvalidEventType},
		{"too large", httpEvent("POST", "/events", `{"eventType":"`+strings.Repeat("a", 1024)+`"}`), 413, pipeline.PayloadTooLarge},
		{"bad base64", map[string]any{"body": "%", "isBase64Encoded": true}, 400, pipeline.InvalidBase64},
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
			answer := invoke(t, w.api(), c.event)
			var p problem
			if err := json.Unmarshal([]byte(answer.Body), &p); err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != c.status || answer.Headers["content-type"] != "application/problem+json" {
				t.Errorf("got %d %s, want %d as application/problem+json", answer.StatusCode, answer.Headers["content-type"], c.status)
			}
			if p.Type != problemType+string(c.code) || p.Status != c.status || p.Title == "" || p.Detail == "" {
				t.Errorf("problem = %+v, want %s", p, c.code)
			}
			if want := map[bool]string{true: "request-1", false: "invocation-1"}[c.event["rawPath"] != nil]; p.RequestID != want {
				t.Errorf("problem names request %q, want %q", p.RequestID, want)
			}
			if len(w.bronze.Keys()) != 0 || len(w.queue.Sent()) != 0 {
				t.Error("something was stored")
			}
		})
	}
}

func TestAPI_NamesTheMethodThatAPathTakes(t *testing.T) {
	var w world
	for path, want := range map[string]string{"/events": "POST", "/events/" + id: "GET", "/health": "GET"} {
		if got := invoke(t, w.api(), httpEvent("PUT", path, "")).Headers["allow"]; got != want {
			t.Errorf("%s: Allow is %q, want %s", path, got, want)
		}
	}
}

func TestAPI_PointsAtTheMistake(t *testing.T) {
	var w world
	answer := invoke(t, w.api(), httpEvent("POST", "/events", `{"eventType":"demo","a\u001b":[1,1e999]}`))
	var p problem
	if err := json.Unmarshal([]byte(answer.Body), &p); err != nil || p.Pointer != "/a\x1b/1" || !strings.HasSuffix(p.Detail, `, at "/a\x1b/1".`) {
		t.Errorf("problem = %+v, %v", p, err)
	}
}

func TestAPI_TakesPlainJSONOnly(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers map[string]string
		want    pipeline.Code
	}{
		{"JSON", map[string]string{"content-type": "application/json"}, ""},
		{"JSON in UTF-8", map[string]string{"Content-Type": "Application/JSON; Charset=\"UTF-8\""}, ""},
		{"no Content-Type", map[string]string{}, pipeline.UnsupportedType},
		{"empty Content-Type", map[string]string{"content-type": ""}, pipeline.UnsupportedType},
		{"a form, as curl has it", map[string]string{"content-type": "application/x-www-form-urlencoded"}, pipeline.UnsupportedType},
		{"text", map[string]string{"content-type": "text/plain"}, pipeline.UnsupportedType},
		{"JSON of another kind", map[string]string{"content-type": "application/merge-patch+json"}, pipeline.UnsupportedType},
		{"JSON in UTF-16", map[string]string{"content-type": "application/json; charset=utf-16"}, pipeline.UnsupportedType},
		{"two types", map[string]string{"content-type": "application/json,text/plain"}, pipeline.UnsupportedType},
		{"a broken parameter", map[string]string{"content-type": "application/json; charset"}, pipeline.UnsupportedType},
		{"gzip", map[string]string{"content-type": "application/json", "content-encoding": "gzip"}, pipeline.UnsupportedCoding},
		{"identity", map[string]string{"content-type": "application/json", "Content-Encoding": "identity"}, pipeline.UnsupportedCoding},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w world
			post := httpEvent("POST", "/events", body)
			post["headers"] = c.headers
			answer := invoke(t, w.api(), post)
			if c.want == "" && answer.StatusCode != http.StatusAccepted {
				t.Errorf("got %+v", answer)
			}
			if c.want != "" && (answer.StatusCode != http.StatusUnsupportedMediaType || !strings.Contains(answer.Body, problemType+string(c.want)+`"`) ||
				answer.Headers["accept"] != "application/json" || answer.Headers["accept-encoding"] != "identity") {
				t.Errorf("got %+v, want %s", answer, c.want)
			}
		})
	}
}

func TestAPI_RefusesWhatWouldBeReplaced(t *testing.T) {
	for _, event := range []string{
		`{"body":"{\"eventType\":\"demo\",\"a\":\"\ud83d\"}"}`, // the character itself, not its escape
		"{\"body\":\"{\\\"eventType\\\":\\\"demo\\\",\\\"a\\\":\\\"\xff\\\"}\"}",
	} {
		var w world
		answer := invoke(t, w.api(), json.RawMessage(event))
		if answer.StatusCode != http.StatusBadRequest || len(w.bronze.Keys()) > 0 {
			t.Errorf("%s: got %+v", event, answer)
		}
	}
}

func TestAPI_AnswersADefectWithAProblem(t *testing.T) {
	var w world
	api := w.api()
	api.Ingest.NewID = func() (string, error) { panic("secret of the defect") }
	answer := invoke(t, api, httpEvent("POST", "/events", body))
	if answer.StatusCode != http.StatusInternalServerError || answer.Headers["content-type"] != "application/problem+json" || strings.Contains(answer.Body, "secret") {
		t.Errorf("got %+v", answer)
	}
	if !strings.Contains(w.log.String(), "secret of the defect") || !strings.Contains(w.log.String(), "api_test.go") {
		t.Errorf("log %s, want the cause and where it was", w.log.String())
	}
}

type brokenItems struct{ Items }

func (brokenItems) Get(context.Context, string) (pipeline.Item, error) {
	return pipeline.Item{}, errors.New("secret of the service")
}

func TestAPI_KeepsTheCauseOfItsOwnErrorsToTheLog(t *testing.T) {
	var w world
	api := w.api()
	api.Items = brokenItems{}
	answer := invoke(t, api, httpEvent("GET", "/events/"+id, ""))
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Headers["retry-after"] == "" {
		t.Errorf("got %+v, want 503 with Retry-After", answer)
	}
	if strings.Contains(answer.Body, "secret") || !strings.Contains(w.log.String(), "secret of the service") {
		t.Errorf("answer %s, log %s: the cause belongs in the log alone", answer.Body, w.log.String())
	}
}

func TestAPI_KeepsADefectToTheLog(t *testing.T) {
	var w world
	api := w.api()
	api.Ingest.NewID = func() (string, error) { return "", errors.New("secret of the defect") }
	answer := invoke(t, api, httpEvent("POST", "/events", body))
	if answer.StatusCode != http.StatusInternalServerError || !strings.Contains(answer.Body, "its log has the cause under this request id") {
		t.Errorf("got %+v", answer)
	}
	if strings.Contains(answer.Body, "make an event id") || !strings.Contains(w.log.String(), "secret of the defect") {
		t.Errorf("answer %s, log %s: the cause belongs in the log alone", answer.Body, w.log.String())
	}
}

func TestAPI_TellsAnEventsStatus(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)
	event := pipeline.Event{ID: id, Type: "demo", ReceivedAt: at, SHA256: "ab", Bytes: 2, Bronze: pipeline.Location{Bucket: "b", Key: "k"}}
	common := `{"eventId":"` + id + `","eventType":"demo","status":"%","receivedAt":"2026-11-23T07:30:00Z","enqueuedAt":"2026-11-23T07:%:00Z",`
	replayed := event
	replayed.Replay.ID = "r1"
	rest := `"bytes":2,"sha256":"ab","bronze":{"bucket":"b","key":"k"}`
	for _, c := range []struct {
		item pipeline.Item
		want string
	}{
		{pipeline.Item{Event: event, Status: pipeline.Enqueued},
			common + `"attempts":0,` + rest + `}`},
		{pipeline.Item{Event: replayed, Status: pipeline.Enqueued, EnqueuedAt: at.Add(9 * time.Minute), Reenqueues: 2},
			common + `"attempts":0,` + rest + `,"replayId":"r1","reenqueues":2}`},
		{pipeline.Item{Event: event, Status: pipeline.Processed, Attempts: 2, ProcessedAt: at, Silver: pipeline.Location{Bucket: "s", Key: "k"}},
			common + `"processedAt":"2026-11-23T07:30:00Z","attempts":2,` + rest + `,"silver":{"bucket":"s","key":"k"}}`},
		{pipeline.Item{Event: event, Status: pipeline.Failed, Attempts: 5, FailedAt: at, Failure: pipeline.Failure{Code: "c", Reason: "r"}},
			common + `"failedAt":"2026-11-23T07:30:00Z","attempts":5,` + rest + `,"failure":{"code":"c","reason":"r"}}`},
	} {
		var w world
		if _, err := w.events.Create(t.Context(), c.item); err != nil {
			t.Fatal(err)
		}
		got := invoke(t, w.api(), httpEvent("GET", "/events/"+id, ""))
		want := strings.Replace(c.want, "%", string(c.item.Status), 1)
		want = strings.Replace(want, "%", strconv.Itoa(c.item.LastEnqueued().Minute()), 1)
		if diff := cmp.Diff(want, got.Body); diff != "" || got.StatusCode != http.StatusOK {
			t.Errorf("%s: %d (-want +got):\n%s", c.item.Status, got.StatusCode, diff)
		}
	}
}

func TestAPI_FollowsTheMatchedRouteBelowABasePath(t *testing.T) {
	var w world
	post := httpEvent("POST", "/v1/events", body)
	post["routeKey"] = "POST /events"
	if got := invoke(t, w.api(), post); got.StatusCode != http.StatusAccepted {
		t.Errorf("POST: %+v", got)
	}
	get := httpEvent("GET", "/v1/events/"+id, "")
	get["routeKey"], get["pathParameters"] = "GET /events/{eventId}", map[string]string{"eventId": id}
	if got := invoke(t, w.api(), get); got.StatusCode != http.StatusOK {
		t.Errorf("GET: %+v", got)
	}
	healthCheck := httpEvent("GET", "/v1/health", "")
	healthCheck["routeKey"] = "GET /health"
	if got := invoke(t, w.api(), healthCheck); got.StatusCode != http.StatusOK {
		t.Errorf("health: %+v", got)
	}
}

// Whoever may use another route, such as the default one, need not be let in by the routes that are known.
func TestAPI_ServesNothingByAnotherRoute(t *testing.T) {
	for _, key := range []string{"$default", "ANY /{proxy+}", "ANY /events", "POST /other"} {
		for _, event := range []map[string]any{
			httpEvent("POST", "/events", body), httpEvent("GET", "/events/"+id, ""), httpEvent("GET", "/health", ""),
		} {
			var w world
			event["routeKey"] = key
			if got := invoke(t, w.api(), event); got.StatusCode != http.StatusNotFound && got.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s takes %v: %+v", key, event["rawPath"], got)
			}
			if len(w.bronze.Keys()) > 0 {
				t.Errorf("%s: something was stored", key)
			}
		}
	}
}

type hangingItems struct{ Items }

func (hangingItems) Get(ctx context.Context, _ string) (pipeline.Item, error) {
	<-ctx.Done()
	return pipeline.Item{}, ctx.Err()
}

func TestAPI_AnswersBeforeLambdaKillsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		api := w.api()
		api.Items = hangingItems{}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		answer := api.answer(ctx, request{RouteKey: "GET /events/{eventId}", PathParameters: map[string]string{"eventId": id}})
		if took := time.Since(start); answer.StatusCode != http.StatusServiceUnavailable || took != 9*time.Second {
			t.Errorf("got %d after %s, want 503 after 9s", answer.StatusCode, took)
		}
		if !strings.Contains(w.log.String(), `"level":"ERROR"`) {
			t.Errorf("log %s, want an error", w.log.String())
		}
	})
}

func TestAPI_HealthTellsNothing(t *testing.T) {
	var w world
	if got := invoke(t, w.api(), httpEvent("GET", "/health", "")); got.StatusCode != 200 || got.Body != `{"status":"ok"}` {
		t.Errorf("got %+v", got)
	}
}

func TestAPI_LogsIdsAndSizesButNoPayload(t *testing.T) {
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

func TestAPI_ForgetsAnEventThatHasExpired(t *testing.T) {
	var w world
	now := w.api().Ingest.Now()
	event := pipeline.Event{ID: id, Type: "demo", ReceivedAt: now.Add(-time.Hour)}
	item := pipeline.Item{Event: event, Status: pipeline.Processed, ExpiresAt: now.Add(-time.Second)}
	if _, err := w.events.Create(t.Context(), item); err != nil {
		t.Fatal(err)
	}
	if got := invoke(t, w.api(), httpEvent("GET", "/events/"+id, "")); got.StatusCode != http.StatusNotFound {
		t.Errorf("got %+v; the table deletes late", got)
	}
}

func TestAPI_AnswersARepeatAsTheFirst(t *testing.T) {
	var w world
	post := httpEvent("POST", "/events", body)
	post["headers"] = map[string]string{"Content-Type": "application/json", "Idempotency-Key": "key-1"}
	first := invoke(t, w.api(), post)
	if first.StatusCode != http.StatusAccepted || first.Headers["idempotency-replayed"] != "" {
		t.Fatalf("first: %+v", first)
	}
	post["headers"] = map[string]string{"content-type": "application/json", "idempotency-key": "key-1"}
	again := invoke(t, w.api(), post)
	if again.StatusCode != http.StatusAccepted || again.Body != first.Body || again.Headers["idempotency-replayed"] != "true" {
		t.Errorf("again: %+v, want %+v", again, first)
	}
	post["body"] = `{"eventType":"other"}`
	reused := invoke(t, w.api(), post)
	if reused.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(reused.Body, string(pipeline.KeyReused)) {
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

func TestAPI_KeepsTheKeysOfCallersApart(t *testing.T) {
	var w world
	ids := make(map[string]string)
	for name, authorizer := range callers {
		post := httpEvent("POST", "/events", body)
		post["headers"] = map[string]string{"content-type": "application/json", "idempotency-key": "key"}
		post["requestContext"].(map[string]any)["authorizer"] = json.RawMessage(authorizer)
		got := invoke(t, w.api(), post)
		if got.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: %+v", name, got)
		}
		ids[name] = got.Body
	}
	if ids["role"] != ids["role, restarted"] {
		t.Error("a role's new session has keys of its own")
	}
	distinct := make(map[string]bool)
	for _, answer := range ids {
		distinct[answer] = true
	}
	if len(distinct) != len(callers)-1 {
		t.Errorf("answers %v", ids)
	}
}
