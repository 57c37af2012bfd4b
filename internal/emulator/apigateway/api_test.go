package apigateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

var start = time.Date(2026, 11, 23, 7, 30, 0, 123e6, time.UTC)

// echo answers with what the function got.
func echo(_ context.Context, _ string, payload []byte) (Result, error) {
	body, _ := json.Marshal(map[string]any{"statusCode": 200, "body": string(payload)})
	return Result{Payload: body}, nil
}

func handler(t testing.TB, change func(*API)) *Handler {
	t.Helper()
	api := API{
		ID: "abc123", Region: "us-east-1", Account: "000000000000", Invoke: echo,
		Now: func() time.Time { return start },
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

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var requestID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

func TestEvent_HasFormat2(t *testing.T) {
	post := httptest.NewRequest("POST", "/events?a=1&a=2&b=%20", strings.NewReader(`{"eventType":"demo"}`))
	post.Header = http.Header{
		"Content-Type": {"application/json"}, "X-Repeated": {"one", "two"}, "Cookie": {"a=1; b=2"}, "User-Agent": {"test/1"},
	}
	get := httptest.NewRequest("GET", "/events/a%20b", nil)
	binary := httptest.NewRequest("POST", "/events", strings.NewReader("\xff\x00"))
	for name, r := range map[string]*http.Request{"post": post, "get": get, "binary": binary} {
		t.Run(name, func(t *testing.T) {
			body := do(handler(t, nil), r).Body.Bytes()
			var indented map[string]any
			if err := json.Unmarshal(body, &indented); err != nil {
				t.Fatal(err)
			}
			got, _ := json.MarshalIndent(indented, "", "  ")
			got = append(requestID.ReplaceAll(got, []byte("REQUEST-ID")), '\n')
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

func TestBody_IsTextWhereItCanBe(t *testing.T) {
	for _, c := range []struct {
		contentType, body string
		encoded           bool
	}{
		{"application/json", `{"a":"é"}`, false},
		{"application/problem+json; charset=utf-8", `{}`, false},
		{"", `{}`, false},
		{"text/csv", "a,b", false},
		{"application/octet-stream", "a", true},
		{"application/json", "\xff", true},
		{"image/png", "a", true},
	} {
		text, encoded := bodyText(c.contentType, []byte(c.body))
		if encoded {
			raw, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		if encoded != c.encoded || text != c.body {
			t.Errorf("%s %q: got %q, base64 %t", c.contentType, c.body, text, encoded)
		}
	}
}

func TestResponse_IsWhatTheFunctionAnswered(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		status       int
		body         string
		header       http.Header
	}{
		{"whole", `{"statusCode":202,"headers":{"content-type":"application/json","x-a":"1"},"cookies":["a=1","b=2"],"body":"{}"}`, 202, "{}",
			http.Header{"Content-Type": {"application/json"}, "X-A": {"1"}, "Set-Cookie": {"a=1", "b=2"}}},
		{"base64", `{"statusCode":200,"body":"/w==","isBase64Encoded":true}`, 200, "\xff", http.Header{"Content-Type": {"text/plain; charset=utf-8"}}},
		{"JSON alone", `{"a":1}`, 200, `{"a":1}`, http.Header{"Content-Type": {"application/json"}}},
		{"text alone", `"hello"`, 200, "hello", http.Header{"Content-Type": {"application/json"}}},
		{"no JSON", `hello`, 500, `{"message":"Internal Server Error"}`, http.Header{"Content-Type": {"application/json"}}},
		{"other length", `{"statusCode":200,"headers":{"content-length":"99"},"body":"x"}`, 200, "x", http.Header{"Content-Type": {"text/plain; charset=utf-8"}}},
		{"informational status", `{"statusCode":102}`, 500, `{"message":"Internal Server Error"}`, http.Header{"Content-Type": {"application/json"}}},
		{"bad status", `{"statusCode":600}`, 500, `{"message":"Internal Server Error"}`, http.Header{"Content-Type": {"application/json"}}},
		{"bad headers", `{"statusCode":200,"headers":[]}`, 500, `{"message":"Internal Server Error"}`, http.Header{"Content-Type": {"application/json"}}},
		{"bad base64", `{"statusCode":200,"body":"%","isBase64Encoded":true}`, 500, `{"message":"Internal Server Error"}`, http.Header{"Content-Type": {"application/json"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := do(handler(t, func(a *API) {
				a.Invoke = func(context.Context, string, []byte) (Result, error) { return Result{Payload: []byte(c.answer)}, nil }
			}), httptest.NewRequest("GET", "/health", nil))
			if w.Header().Get("Apigw-Requestid") == "" {
				t.Error("the answer has no request id")
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

func TestFailure_IsTheGatewaysOwnAnswer(t *testing.T) {
	var line []byte
	h := handler(t, func(a *API) {
		a.AccessLog = func(l []byte) { line = l }
		a.Invoke = func(_ context.Context, function string, payload []byte) (Result, error) {
			if strings.Contains(string(payload), "crash") {
				return Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"boom"}`)}, nil
			}
			return Result{}, errors.New("no such function")
		}
	})
	for body, cause := range map[string]string{"crash": "boom", "gone": "no such function"} {
		w := do(h, httptest.NewRequest("POST", "/events", strings.NewReader(body)))
		if w.Code != 500 || w.Body.String() != `{"message":"Internal Server Error"}` {
			t.Errorf("%s: got %d %s", body, w.Code, w.Body)
		}
		if !strings.Contains(string(line), cause) || !strings.Contains(string(line), `"routeKey":"POST /events"`) {
			t.Errorf("access log %s does not say why", line)
		}
	}
}

func TestBody_IsLimitedTo10MB(t *testing.T) {
	w := do(handler(t, nil), httptest.NewRequest("POST", "/events", io.LimitReader(zeros{}, maxBody+1)))
	if w.Code != 413 || w.Body.String() != `{"message":"Request Entity Too Large"}` {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestBody_TooLargeForTheFunctionIsTheClientsError(t *testing.T) {
	w := do(handler(t, func(a *API) {
		a.Invoke = func(context.Context, string, []byte) (Result, error) {
			return Result{}, fmt.Errorf("7 MB: %w", ErrTooLarge)
		}
	}), httptest.NewRequest("POST", "/events", nil))
	if w.Code != 413 || w.Body.String() != `{"message":"Request Too Long"}` {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestThrottle_RefusesAboveRateAndBurst(t *testing.T) {
	now := start
	h := handler(t, func(a *API) { a.RateLimit, a.BurstLimit, a.Now = 10, 3, func() time.Time { return now } })
	statuses := func(n int) (ok int) {
		for range n {
			if do(h, httptest.NewRequest("GET", "/health", nil)).Code == 200 {
				ok++
			}
		}
		return ok
	}
	if got := statuses(5); got != 3 {
		t.Errorf("%d of a burst pass, want 3", got)
	}
	now = now.Add(200 * time.Millisecond)
	if got := statuses(5); got != 2 {
		t.Errorf("%d pass after 0.2 s, want 2", got)
	}
	w := do(h, httptest.NewRequest("GET", "/health", nil))
	if w.Code != 429 || w.Body.String() != `{"message":"Too Many Requests"}` {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestCORS_AnswersPreflightsItself(t *testing.T) {
	h := handler(t, func(a *API) {
		a.CORS = &CORS{AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"POST"}, AllowHeaders: []string{"content-type"}, MaxAge: 60}
	})
	preflight := func(origin string) http.Header {
		r := httptest.NewRequest("OPTIONS", "/events", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		w := do(h, r)
		if w.Code != 204 {
			t.Errorf("%s: got %d", origin, w.Code)
		}
		return w.Header()
	}
	got := preflight("https://app.example")
	if got.Get("Access-Control-Allow-Origin") != "https://app.example" || got.Get("Access-Control-Allow-Methods") != "POST" ||
		got.Get("Access-Control-Allow-Headers") != "content-type" || got.Get("Access-Control-Max-Age") != "60" {
		t.Errorf("got %v", got)
	}
	if got := preflight("https://evil.example"); got.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin got %v", got)
	}
	r := httptest.NewRequest("POST", "/events", nil)
	r.Header.Set("Origin", "https://app.example")
	if got := do(h, r).Header().Get("Access-Control-Allow-Origin"); got != "https://app.example" {
		t.Errorf("the answer allows %q", got)
	}
	if got := do(handler(t, nil), r).Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("without CORS the answer allows %q", got)
	}
}

func TestCORS_IsTheGatewaysNotTheFunctions(t *testing.T) {
	h := handler(t, func(a *API) {
		a.CORS = &CORS{AllowOrigins: []string{"https://*"}}
		a.Invoke = func(context.Context, string, []byte) (Result, error) {
			return Result{Payload: []byte(`{"statusCode":200,"headers":{"access-control-allow-origin":"*"}}`)}, nil
		}
	})
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "http://app.example": ""} {
		r := httptest.NewRequest("GET", "/health", nil)
		r.Header.Set("Origin", origin)
		if got := do(h, r).Header().Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: allowed %q, want %q", origin, got, want)
		}
	}
}

func TestTimeout_IsServiceUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		w := do(handler(t, func(a *API) {
			a.Invoke = func(ctx context.Context, _ string, _ []byte) (Result, error) {
				<-ctx.Done()
				return Result{}, ctx.Err()
			}
		}), httptest.NewRequest("GET", "/health", nil))
		if took := time.Since(start); w.Code != 503 || w.Body.String() != `{"message":"Service Unavailable"}` || took != timeout {
			t.Errorf("got %d %s after %s", w.Code, w.Body, took)
		}
	})
}

func BenchmarkServeHTTP(b *testing.B) {
	h := handler(b, func(a *API) {
		answer := []byte(`{"statusCode":202,"headers":{"content-type":"application/json"},"body":"{}"}`)
		a.Invoke = func(context.Context, string, []byte) (Result, error) { return Result{Payload: answer}, nil }
	})
	body := `{"eventType":"demo","text":"` + strings.Repeat("x", 1000) + `"}`
	for b.Loop() {
		do(h, httptest.NewRequest("POST", "/events", strings.NewReader(body)))
	}
}
