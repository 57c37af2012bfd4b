package client_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

// api implements POST /events of a pipeline. It rejects events of the type "bad" and bodies of more
// than maxBytes. A request with a repeated idempotency key gets the first request's response.
type api struct {
	maxBytes int // 0 means no limit
	// fault is called before the API answers a request. It returns true if it has answered the
	// request itself.
	fault func(attempt int, w http.ResponseWriter, r *http.Request) bool

	mu        sync.Mutex
	attempts  int
	requests  []*http.Request
	accepted  []string // events
	responses map[string]savedResponse
}

type savedResponse struct {
	status int
	body   string
}

// serve starts an API that prints the named header of each request.
func serve(header string) *httptest.Server {
	var pipeline api
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if header != "" {
			fmt.Printf("%s: %.24s\n", header, r.Header.Get(header))
		}
		pipeline.ServeHTTP(w, r)
	}))
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.attempts++
	attempt := a.attempts
	a.requests = append(a.requests, r)
	a.mu.Unlock()
	if a.fault != nil && a.fault(attempt, w, r) {
		return
	}
	a.serve(w, r)
}

func (a *api) serve(w http.ResponseWriter, r *http.Request) {
	body := readBody(r)
	a.mu.Lock()
	defer a.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	response, repeated := a.responses[key]
	if !repeated {
		response = a.respond(body, r.Header.Get("Prefer") == "handling=lenient")
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case response.status != http.StatusAccepted:
		w.Header().Set("Content-Type", "application/problem+json")
	case repeated:
		w.Header().Set("Idempotency-Replayed", "true")
	default:
		if a.responses == nil {
			a.responses = make(map[string]savedResponse)
		}
		a.responses[key] = response
	}
	w.WriteHeader(response.status)
	_, _ = io.WriteString(w, response.body)
}

func readBody(r *http.Request) []byte {
	var in io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil
		}
		in = unzipped
	}
	body, _ := io.ReadAll(in)
	return body
}

func (a *api) respond(body []byte, lenient bool) savedResponse {
	if a.maxBytes > 0 && len(body) > a.maxBytes {
		return savedResponse{413, `{"type":"urn:problem-type:eventpipeline:payload-too-large",` +
			`"title":"Payload too large","status":413,"detail":"Too large."}`}
	}
	var events []json.RawMessage
	if json.Unmarshal(body, &events) != nil {
		return a.respondOne(body)
	}
	var results, errors, accepted []string
	for i, event := range events {
		if isBad(event) {
			problem := `"type":"t","title":"Bad","status":422,` +
				`"detail":"No good.","pointer":"/eventType"`
			errors = append(errors, fmt.Sprintf(`{"index":%d,%s}`, i, problem))
			results = append(results, fmt.Sprintf(`{"index":%d,"problem":{%s}}`, i, problem))
			continue
		}
		id := fmt.Sprintf("batch-%d.%d", a.attempts, len(accepted))
		results = append(results, fmt.Sprintf(`{"index":%d,"eventId":%q}`, i, id))
		accepted = append(accepted, string(event))
	}
	if len(errors) > 0 && !lenient || len(accepted) == 0 {
		return savedResponse{422,
			`{"type":"b","title":"Bad batch","detail":"Events are invalid.",` +
				`"errors":[` + strings.Join(errors[:min(len(errors), 10)], ",") + `]}`}
	}
	a.accepted = append(a.accepted, accepted...)
	return savedResponse{202, fmt.Sprintf(
		`{"status":"accepted","batches":[{"batchId":"batch-%d","eventType":"a","count":%d}],`+
			`"events":[%s]}`, a.attempts, len(accepted), strings.Join(results, ","))}
}

func (a *api) respondOne(event []byte) savedResponse {
	if isBad(event) {
		return savedResponse{422, `{"type":"t","title":"Bad","status":422,"detail":"No good."}`}
	}
	a.accepted = append(a.accepted, string(event))
	return savedResponse{202, fmt.Sprintf(`{"status":"accepted","eventId":"event-%d"}`, a.attempts)}
}

func isBad(event []byte) bool {
	var e struct{ EventType string }
	return json.Unmarshal(event, &e) != nil || e.EventType == "bad"
}

// keys returns the idempotency keys of the requests.
func (a *api) keys() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var keys []string
	for _, r := range a.requests {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
	}
	return keys
}

// loseResponse lets the API process a request, and then closes the connection. The client gets no
// response.
func (a *api) loseResponse(r *http.Request) {
	a.serve(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// newClient returns a client of a server with the handler h. The client waits only 1 ms before the
// first retry.
func newClient(t *testing.T, h http.Handler, o client.Options) *client.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	if o.MinBackoff == 0 {
		o.MinBackoff = time.Millisecond
	}
	c, err := client.New(server.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// direct passes requests to a handler without a network. Tests in synctest bubbles need this.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func newDirectClient(t *testing.T, h http.Handler, o client.Options) *client.Client {
	t.Helper()
	o.HTTPClient = &http.Client{Transport: direct{h}}
	c, err := client.New("http://pipeline.test", o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
