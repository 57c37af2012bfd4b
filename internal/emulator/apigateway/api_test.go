package apigateway

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

var start = time.Date(2026, 11, 23, 7, 30, 0, 123e6, time.UTC)

// echo responds with the event as the body.
func echo(_ context.Context, _ string, payload []byte) (Result, error) {
	body, _ := json.Marshal(map[string]any{"statusCode": 200, "body": string(payload)})
	return Result{Payload: body}, nil
}

// respond returns a function that always responds with the payload.
func respond(payload string) func(context.Context, string, []byte) (Result, error) {
	return func(context.Context, string, []byte) (Result, error) {
		return Result{Payload: []byte(payload)}, nil
	}
}

func newHandler(t testing.TB, change func(*API)) *Handler {
	t.Helper()
	api := API{
		ID: "abc123", Region: "us-east-1", Account: "000000000000", Invoke: echo,
		Now:    func() time.Time { return start },
		Stages: []Stage{{Name: DefaultStage}},
		Routes: []Route{
			{Key: "POST /events", Function: "api"},
			{Key: "GET /events/{eventId}", Function: "api"},
			{Key: "GET /health", Function: "api"},
		},
	}
	if change != nil {
		change(&api)
	}
	h, err := New(api)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var (
	requestID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}`)
	traceID   = regexp.MustCompile(`1-[0-9a-f]{8}-[0-9a-f]{24}`)
)

func TestEvent_HasPayloadFormat2(t *testing.T) {
	post := httptest.NewRequest("POST", "/events?a=1&a=2&b=%20",
		strings.NewReader(`{"eventType":"demo"}`))
	post.Header = http.Header{
		"Content-Type": {"application/json"}, "X-Repeated": {"one", "two"},
		"Cookie": {"a=1; b=2"}, "User-Agent": {"test/1"},
	}
	get := httptest.NewRequest("GET", "http://127.0.0.1:8080/events/a%20b", nil)
	get.Header = http.Header{
		"X-Amzn-Trace-Id": {"Root=1-of-the-client"}, "X-Forwarded-For": {"198.51.100.7"},
		"X-Forwarded-Port": {"443"}, "X-Forwarded-Proto": {"https"},
	}
	binary := httptest.NewRequest("POST", "/events", strings.NewReader("\xff\x00"))
	for name, r := range map[string]*http.Request{"post": post, "get": get, "binary": binary} {
		t.Run(name, func(t *testing.T) {
			body := serve(newHandler(t, nil), r).Body.Bytes()
			var indented map[string]any
			if err := json.Unmarshal(body, &indented); err != nil {
				t.Fatal(err)
			}
			got, _ := json.MarshalIndent(indented, "", "  ")
			got = append(requestID.ReplaceAll(got, []byte("REQUEST-ID")), '\n')
			got = traceID.ReplaceAll(got, []byte("TRACE-ID"))
			golden := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("event differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEvent_EncodesBodiesThatAreNotText(t *testing.T) {
	for _, c := range []struct {
		contentType, body string
		isBase64          bool
	}{
		{"application/json", `{"a":"é"}`, false},
		{"Application/JSON ; charset=utf-8", `{}`, false},
		{"application/json; charset", `{}`, false},
		{"application/xml", `<a/>`, false},
		{"application/javascript", `{}`, false},
		{"text/csv", "a,b", false},
		{"text/event-stream", "data: a", false},
		{"application/problem+json", `{}`, true},
		{"application/vnd.api+json", `{}`, true},
		{"application/atom+xml", `<a/>`, true},
		{"image/svg+xml", `<a/>`, true},
		{"application/x-www-form-urlencoded", "a=b", true},
		{"multipart/form-data; boundary=x", "--x--", true},
		{"application/x-ndjson", `{}`, true},
		{"application/cloudevents+json", `{}`, true},
		{"json", `{}`, true},
		{"", `{}`, true},
		{"application/octet-stream", "a", true},
		{"application/json", "\xff", true},
		{"image/png", "a", true},
		{"application/x-ndjson", "{}\n", true},
		{"application/cloudevents+json", "{}", true},
		{"application/json", "\x1f\x8b\x08", true}, // the beginning of gzip
	} {
		text, isBase64 := encodeBody(c.contentType, []byte(c.body))
		if isBase64 {
			raw, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		if isBase64 != c.isBase64 || text != c.body {
			t.Errorf("%s %q: got %q, base64 %t", c.contentType, c.body, text, isBase64)
		}
	}
}

func TestResponse_UsesTheFunctionsResponse(t *testing.T) {
	const internalError = `{"message":"Internal Server Error"}`
	json := http.Header{"Content-Type": {"application/json"}}
	text := http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	for _, c := range []struct {
		name, payload string
		status        int
		body          string
		header        http.Header
	}{
		{"all fields",
			`{"statusCode":202,"headers":{"content-type":"application/json","x-a":"1"},` +
				`"cookies":["a=1","b=2"],"body":"{}"}`, 202, "{}",
			http.Header{"Content-Type": {"application/json"}, "X-A": {"1"},
				"Set-Cookie": {"a=1", "b=2"}}},
		{"base64", `{"statusCode":200,"body":"/w==","isBase64Encoded":true}`, 200, "\xff", text},
		{"JSON without statusCode", `{"a":1}`, 200, `{"a":1}`, json},
		{"string without statusCode", `"hello"`, 200, "hello", json},
		{"no JSON", `hello`, 500, internalError, json},
		{"wrong content-length", `{"statusCode":200,"headers":{"content-length":"99"},"body":"x"}`,
			200, "x", text},
		{"informational status", `{"statusCode":102}`, 500, internalError, json},
		{"bad status", `{"statusCode":600}`, 500, internalError, json},
		{"bad headers", `{"statusCode":200,"headers":[]}`, 500, internalError, json},
		{"bad base64", `{"statusCode":200,"body":"%","isBase64Encoded":true}`, 500, internalError,
			json},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := serve(newHandler(t, func(a *API) {
				a.Invoke = respond(c.payload)
			}), httptest.NewRequest("GET", "/health", nil))
			if w.Header().Get("Apigw-Requestid") == "" {
				t.Error("the response has no request id")
			}
			w.Header().Del("Apigw-Requestid")
			if w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, c.status, c.body)
			}
			if diff := cmp.Diff(c.header, w.Header()); diff != "" {
				t.Errorf("header differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResponse_HidesFunctionErrors(t *testing.T) {
	var line []byte
	h := newHandler(t, func(a *API) {
		a.AccessLog = func(l []byte) { line = l }
		a.Invoke = func(_ context.Context, function string, payload []byte) (Result, error) {
			if strings.Contains(string(payload), "crash") {
				payload := []byte(`{"errorMessage":"boom"}`)
				return Result{FunctionError: "Unhandled", Payload: payload}, nil
			}
			return Result{}, errors.New("no such function")
		}
	})
	for body, cause := range map[string]string{"crash": "boom", "gone": "no such function"} {
		r := httptest.NewRequest("POST", "/events", strings.NewReader(body))
		r.Header.Set("Content-Type", "text/plain")
		w := serve(h, r)
		expectError(t, w, 500, "Internal Server Error")
		log := string(line)
		if !strings.Contains(log, cause) || !strings.Contains(log, `"routeKey":"POST /events"`) {
			t.Errorf("access log %s does not contain the cause", line)
		}
	}
}

func TestRequest_RejectsBodiesAbove10MB(t *testing.T) {
	w := serve(newHandler(t, nil), httptest.NewRequest("POST", "/events",
		io.LimitReader(zeros{}, maxBody+1)))
	expectError(t, w, 413, "Request Entity Too Large")
}

func TestRequest_RejectsHeadersAboveTheQuota(t *testing.T) {
	for size, status := range map[int]int{maxHeader: 200, maxHeader + 1: 431} {
		r := httptest.NewRequest("GET", "/health", nil)
		r.Header.Set("X-One", "1")
		r.Header.Set("X-Large", strings.Repeat("x", size-len("GET /health HTTP/1.1example.com1")))
		if w := serve(newHandler(t, nil), r); w.Code != status {
			t.Errorf("%d bytes: got %d %s", size, w.Code, w.Body)
		}
		r = httptest.NewRequest("GET", "/health?q="+strings.Repeat("x", size), nil)
		expectError(t, serve(newHandler(t, nil), r), 431, "Request Header Fields Too Large")
	}
}

func TestRequest_TimesOutIfTheBodyIsNotSent(t *testing.T) {
	r := httptest.NewRequest("POST", "/events", iotest.ErrReader(os.ErrDeadlineExceeded))
	expectError(t, serve(newHandler(t, nil), r), 408, "Request Timeout")
}

func TestRequest_RejectsPayloadsAboveTheQuotaOfLambda(t *testing.T) {
	w := serve(newHandler(t, func(a *API) {
		a.Invoke = func(context.Context, string, []byte) (Result, error) {
			return Result{}, fmt.Errorf("7 MB: %w", ErrTooLarge)
		}
	}), httptest.NewRequest("POST", "/events", nil))
	expectError(t, w, 413, "Request Too Long")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestThrottle_RejectsAboveRateAndBurst(t *testing.T) {
	now := start
	h := newHandler(t, func(a *API) {
		a.Stages[0].RateLimit, a.Stages[0].BurstLimit = new(10.0), new(3.0)
		a.Now = func() time.Time { return now }
	})
	countOK := func(n int) (ok int) {
		for range n {
			if serve(h, httptest.NewRequest("GET", "/health", nil)).Code == 200 {
				ok++
			}
		}
		return ok
	}
	if got := countOK(5); got != 3 {
		t.Errorf("%d requests of a burst pass, want 3", got)
	}
	now = now.Add(200 * time.Millisecond)
	if got := countOK(5); got != 2 {
		t.Errorf("%d requests pass after 0.2 s, want 2", got)
	}
	w := serve(h, httptest.NewRequest("GET", "/health", nil))
	expectError(t, w, 429, "Too Many Requests")
}

func TestThrottle_RejectsAllRequestsIfALimitIsZero(t *testing.T) {
	for name, c := range map[string]struct {
		rate, burst *float64
		status      int
	}{
		"no limits": {nil, nil, 200},
		"no burst":  {new(1.0), nil, 200},
		"no rate":   {nil, new(1.0), 200},
		"rate 0":    {new(0.0), new(1.0), 429},
		"burst 0":   {nil, new(0.0), 429},
	} {
		h := newHandler(t, func(a *API) {
			a.Stages[0].RateLimit, a.Stages[0].BurstLimit = c.rate, c.burst
		})
		if w := serve(h, httptest.NewRequest("GET", "/health", nil)); w.Code != c.status {
			t.Errorf("%s: got %d, want %d", name, w.Code, c.status)
		}
	}
}

func TestCORS_AnswersPreflightRequests(t *testing.T) {
	h := newHandler(t, func(a *API) {
		a.CORS = &CORS{
			AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"POST"},
			AllowHeaders: []string{"content-type"}, MaxAge: new(60),
		}
	})
	preflight := func(origin string) http.Header {
		r := httptest.NewRequest("OPTIONS", "/events", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		w := serve(h, r)
		if w.Code != 204 {
			t.Errorf("%s: got %d", origin, w.Code)
		}
		return w.Header()
	}
	got := preflight("https://app.example")
	for name, want := range map[string]string{
		"Allow-Origin": "https://app.example", "Allow-Methods": "POST",
		"Allow-Headers": "content-type", "Max-Age": "60",
	} {
		if value := got.Get("Access-Control-" + name); value != want {
			t.Errorf("%s: got %q, want %q", name, value, want)
		}
	}
	if got := preflight("https://evil.example"); got.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin got the headers %v, want no Access-Control-Allow-Origin", got)
	}
	r := httptest.NewRequest("POST", "/events", nil)
	r.Header.Set("Origin", "https://app.example")
	allowed := serve(h, r).Header().Get("Access-Control-Allow-Origin")
	if allowed != "https://app.example" {
		t.Errorf("the response allows %q, want https://app.example", allowed)
	}
	if got := serve(newHandler(t, nil), r).Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("without CORS the response allows %q, want no origin", got)
	}
}

func TestCORS_OverridesTheFunction(t *testing.T) {
	h := newHandler(t, func(a *API) {
		a.CORS = &CORS{AllowOrigins: []string{"https://*"}}
		a.Invoke = respond(`{"statusCode":200,"headers":{"access-control-allow-origin":"*"}}`)
	})
	for origin, want := range map[string]string{
		"https://app.example": "https://app.example",
		"http://app.example":  "",
	} {
		r := httptest.NewRequest("GET", "/health", nil)
		r.Header.Set("Origin", origin)
		if got := serve(h, r).Header().Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: allowed %q, want %q", origin, got, want)
		}
	}
}

func TestRequest_TimesOutAfter30Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		w := serve(newHandler(t, func(a *API) {
			a.Invoke = func(ctx context.Context, _ string, _ []byte) (Result, error) {
				<-ctx.Done()
				return Result{}, ctx.Err()
			}
		}), httptest.NewRequest("GET", "/health", nil))
		expectError(t, w, 503, "Service Unavailable")
		if took := time.Since(start); took != timeout {
			t.Errorf("got the response after %s", took)
		}
	})
}

// departures holds a func for each way in which a client can disconnect after sending a request.
var departures = map[string]func(*net.TCPConn) error{
	"half-close": (*net.TCPConn).CloseWrite,
	"close":      (*net.TCPConn).Close,
	"reset": func(c *net.TCPConn) error {
		return errors.Join(c.SetLinger(0), c.Close())
	},
}

func TestRequest_IsNotCanceledWhenTheClientGoesAway(t *testing.T) {
	for name, leave := range departures {
		t.Run(name, func(t *testing.T) {
			gone, invoked := make(chan struct{}), make(chan error, 1)
			h := newHandler(t, func(a *API) {
				a.Invoke = func(ctx context.Context, _ string, _ []byte) (Result, error) {
					<-gone
					invoked <- ctx.Err()
					return Result{Payload: []byte(`{"statusCode":202}`)}, ctx.Err()
				}
			})
			server := httptest.NewServer(
				http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					context.AfterFunc(r.Context(), func() { close(gone) })
					h.ServeHTTP(w, r)
				}))
			defer server.Close()
			connection, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			fmt.Fprint(connection,
				"POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
			if err := leave(connection.(*net.TCPConn)); err != nil {
				t.Fatal(err)
			}
			if err := <-invoked; err != nil {
				t.Errorf("the invocation is canceled: %v", err)
			}
			if name != "half-close" {
				return
			}
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil || response.StatusCode != 202 {
				t.Errorf("got %+v, %v", response, err)
			}
		})
	}
}

func BenchmarkServeHTTP(b *testing.B) {
	h := newHandler(b, func(a *API) {
		a.Invoke = respond(
			`{"statusCode":202,"headers":{"content-type":"application/json"},"body":"{}"}`)
	})
	body := `{"eventType":"demo","text":"` + strings.Repeat("x", 1000) + `"}`
	for b.Loop() {
		serve(h, httptest.NewRequest("POST", "/events", strings.NewReader(body)))
	}
}
