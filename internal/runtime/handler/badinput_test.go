package handler

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/badinput"
)

// badInputWorld returns an empty world with the payload limit that the test cases need.
func badInputWorld() (*world, API) {
	w := new(world)
	api := w.api()
	api.Ingest.MaxPayloadBytes = badinput.MaxPayloadBytes
	return w, api
}

// gatewayEvent returns API Gateway's event for a request. The event contains the route, and encodes
// a binary body in base64.
func gatewayEvent(method, path string, headers map[string]string, body string) map[string]any {
	event := httpEvent(method, path, body)
	event["routeKey"], event["headers"] = "$default", headers
	id, below := strings.CutPrefix(path, "/events/")
	switch {
	case method == "POST" && path == "/events", method == "GET" && path == "/health":
		event["routeKey"] = method + " " + path
	case method == "GET" && below && id != "" && !strings.Contains(id, "/"):
		event["routeKey"], event["pathParameters"] = "GET /events/{eventId}", map[string]string{
			"eventId": id,
		}
	}
	if !utf8.ValidString(body) {
		event["body"] = base64.StdEncoding.EncodeToString([]byte(body))
		event["isBase64Encoded"] = true
	}
	return event
}

func TestAPI_RespondsToBadInputAsExpected(t *testing.T) {
	names := make(map[string]bool)
	for _, c := range badinput.Cases() {
		if names[c.Name] {
			t.Errorf("duplicate case %.80q", c.Name)
		}
		names[c.Name] = true
		w, api := badInputWorld()
		resp := invoke(t, api, gatewayEvent(c.Method, c.Path, c.Headers, c.Body))
		var p problem
		if resp.StatusCode >= 400 {
			p = wantProblem(t, c.Name, resp)
		}
		got := strings.TrimPrefix(p.Type, problemType)
		if resp.StatusCode != c.Status || got != c.Code || p.Pointer != c.Pointer {
			t.Errorf("%.80q: %d %s at %q, want %d %s at %q",
				c.Name, resp.StatusCode, got, p.Pointer, c.Status, c.Code, c.Pointer)
		}
		wantStored(t, w, resp, c.Payload())
	}
	if len(names) < 150 {
		t.Errorf("got only %d cases", len(names))
	}
}

// wantProblem checks that a response is a problem with all its fields.
func wantProblem(t *testing.T, name string, resp response) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(resp.Body), &p); err != nil {
		t.Fatalf("%.80q: %v", name, err)
	}
	known := problems[pipeline.Code(strings.TrimPrefix(p.Type, problemType))]
	if resp.Headers["content-type"] != "application/problem+json" ||
		p.Status != resp.StatusCode || known.status != p.Status ||
		known.title != p.Title || p.Detail == "" ||
		p.RequestID != "request-1" {
		t.Errorf("%.80q: %+v is not a complete problem", name, resp)
	}
	if p.Pointer != "" && !strings.HasPrefix(p.Pointer, "/") {
		t.Errorf("%.80q: %q is not a JSON pointer", name, p.Pointer)
	}
	allow := resp.Headers["allow"]
	if (allow != "") != (p.Status == http.StatusMethodNotAllowed) {
		t.Errorf("%.80q: Allow is %q", name, allow)
	}
	if strings.ContainsFunc(p.Detail, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("%.80q: the detail %q has unprintable characters", name, p.Detail)
	}
	return p
}

// wantStored checks Bronze and the queue after a request. If the request was accepted, Bronze must
// hold the payload. If it was rejected, both must be empty.
func wantStored(t *testing.T, w *world, resp response, payload string) {
	t.Helper()
	keys := w.bronze.Keys()
	if resp.StatusCode != http.StatusAccepted {
		if len(keys)+len(w.queue.Sent()) > 0 {
			t.Errorf("%.80q: %d, but Bronze holds %q", payload, resp.StatusCode, keys)
		}
		return
	}
	if len(keys) != 1 || len(w.queue.Sent()) != 1 {
		t.Errorf("%.80q: Bronze holds %q, the queue has %d messages",
			payload, keys, len(w.queue.Sent()))
		return
	}
	if got, err := w.bronze.Get(t.Context(), keys[0]); err != nil || string(got) != payload {
		t.Errorf("Bronze holds %.200q, %v; want %.200q", got, err, payload)
	}
}

// FuzzAPI checks that each request is either accepted or rejected with a complete problem.
func FuzzAPI(f *testing.F) {
	for _, c := range badinput.Cases() {
		if len(c.Body) < 4096 { // long bodies slow the fuzzer down
			f.Add(c.Method, c.Path, c.Headers["content-type"], c.Headers["content-encoding"],
				c.Headers["idempotency-key"], []byte(c.Body))
		}
	}
	f.Fuzz(func(t *testing.T, method, path, contentType, contentEncoding, key string, body []byte) {
		headers := make(map[string]string)
		for name, value := range map[string]string{
			"content-type": contentType, "content-encoding": contentEncoding,
			"idempotency-key": key,
		} {
			if value != "" {
				headers[name] = value
			}
		}
		w, api := badInputWorld()
		resp := invoke(t, api, gatewayEvent(method, path, headers, string(body)))
		switch {
		case resp.StatusCode >= 500:
			t.Errorf("got %+v", resp)
		case resp.StatusCode >= 400:
			wantProblem(t, "fuzzed", resp)
		case resp.StatusCode == http.StatusAccepted && (method != "POST" || path != "/events"):
			t.Errorf("%s %s must not be accepted", method, path)
		}
		payload := body
		if contentEncoding != "" && resp.StatusCode == http.StatusAccepted {
			payload = uncompress(t, body)
		}
		wantStored(t, w, resp, string(payload))
		if len(path) > 60 && strings.Contains(w.log.String(), path) ||
			len(body) > 60 && strings.Contains(w.log.String(), string(body)) {
			t.Errorf("the request is in the log: %s", w.log.String())
		}
	})
}

func uncompress(t *testing.T, body []byte) []byte {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// FuzzInvocation checks that each invocation event is either accepted or rejected with a complete
// problem.
func FuzzInvocation(f *testing.F) {
	for _, event := range []string{
		``, `null`, `7`, `[]`, `"x"`, `{}`, `{"body":null}`, `{"body":7}`,
		`{"body":{"eventType":"demo"}}`,
		`{"body":"{\"eventType\":\"demo\"}"}`,
		`{"body":"\ud83d"}`,
		`{"body":"%","isBase64Encoded":true}`,
		`{"body":"e30=","isBase64Encoded":true}`,
		`{"body":"e30=","isBase64Encoded":"yes"}`,
		`{"routeKey":"POST /events"}`,
		`{"routeKey":"GET /events/{eventId}"}`,
		`{"routeKey":"GET /events/{eventId}","pathParameters":{"eventId":"x"}}`,
		`{"routeKey":"GET /health"}`,
		`{"routeKey":"x"}`,
		`{"headers":null,"requestContext":null}`,
		`{"headers":{"content-type":7}}`,
		`{"requestContext":[]}`,
		`{"requestContext":{"http":{"method":"POST"},` +
			`"authorizer":{"jwt":{"claims":7}}},"rawPath":"/events"}`,
		`{"version":"1.0","httpMethod":"POST","path":"/events","body":"{}"}`,
		strings.Repeat("[", 20000),
		"{\"body\":\"\xff\"}",
	} {
		f.Add([]byte(event))
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		_, api := badInputWorld()
		out, err := api.Invoke(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		var resp response
		err = json.Unmarshal(out, &resp)
		if err != nil || resp.StatusCode < 200 || resp.StatusCode > 499 ||
			!json.Valid([]byte(resp.Body)) {
			t.Errorf("got %s, %v", out, err)
		}
	})
}
