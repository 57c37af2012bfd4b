// Package apigateway is an API Gateway HTTP API in front of functions: routes, authorizers, payload format 2.0, CORS and
// throttling.
package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// API is an HTTP API. Compile it with New.
type API struct {
	ID, Region, Account string
	Routes              []Route
	CORS                *CORS   // nil: requests of other origins get no special answer
	RateLimit           float64 // requests a second over all routes; 0 is unlimited
	BurstLimit          int
	Invoke              func(ctx context.Context, function string, payload []byte) (Result, error)
	AccessLog           func(line []byte) // gets a line of JSON for each request, when set
	Now                 func() time.Time  // time.Now when nil
}

// Route sends requests to a function.
type Route struct {
	Key        string // "POST /events", "GET /events/{eventId}", "ANY /files/{path+}" or "$default"
	Function   string
	Authorizer Authorizer // nil: the route is open
}

// Result is what a function answered.
type Result struct {
	Payload       []byte
	FunctionError string
}

// ErrTooLarge is returned by Invoke for a payload that the function can't take: base64 and the rest of the event make it
// larger than the request was.
var ErrTooLarge = errors.New("the request is too large for the function")

// Handler serves a compiled API.
type Handler struct {
	api    API
	routes []route
	limit  *tokenBucket
}

// NewRecorder compiles the API. It reports the keys that are no route's.
func New(api API) (*Handler, error) {
	if api.Now == nil {
		api.Now = time.Now
	}
	h := &Handler{api: api, limit: newBucket(api.RateLimit, api.BurstLimit, api.Now())}
	for _, r := range api.Routes {
		compiled, err := compile(r)
		if err != nil {
			return nil, fmt.Errorf("route %q: %w", r.Key, err)
		}
		h.routes = append(h.routes, compiled)
	}
	return h, nil
}

// maxBody is API Gateway's quota "payload size"; timeout is its "maximum integration timeout".
const (
	maxBody = 10 << 20
	timeout = 30 * time.Second
)

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := h.api.Now()
	x := exchange{handler: h, request: r, id: uuid.NewString(), start: start}
	answer := x.answer(r.Context())
	header := w.Header()
	for name, values := range answer.header {
		header[name] = values
	}
	header.Set("Apigw-Requestid", x.id)
	if h.api.CORS != nil {
		h.api.CORS.setHeaders(header, r.Header.Get("Origin"))
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // a client that went away needs no answer
	x.log(answer)
}

// exchange is a request on its way to its answer.
type exchange struct {
	handler *Handler
	request *http.Request
	id      string
	start   time.Time
	match   match
	caller  map[string]any // what the authorizer says of who sent the request
	// What kept the authorizer from letting the request in, and the function from answering, for the access log.
	authorizerErr, err string
}

// answer is what the client gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// message is API Gateway's own answer.
func message(status int, text string) answer {
	body, _ := json.Marshal(map[string]string{"message": text}) // strings always marshal
	return answer{status, http.Header{"Content-Type": {"application/json"}}, body}
}

func (x *exchange) answer(ctx context.Context) answer {
	api, r := x.handler.api, x.request
	if api.CORS != nil && isPreflight(r) {
		return answer{status: http.StatusNoContent, header: api.CORS.preflight(r.Header.Get("Origin"))}
	}
	if !x.handler.limit.take(x.start) {
		return message(http.StatusTooManyRequests, "Too Many Requests")
	}
	var found bool
	if x.match, found = find(x.handler.routes, r.Method, r.URL.EscapedPath()); !found {
		return message(http.StatusNotFound, "Not Found")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return message(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	}
	if err != nil {
		return x.failed(http.StatusBadRequest, "Bad Request", err.Error()) // the client went away
	}
	if refused, ok := x.authorize(ctx, body); !ok {
		return refused
	}
	payload, err := json.Marshal(x.event(body))
	if err != nil {
		return x.failed(http.StatusInternalServerError, "Internal Server Error", err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result, err := api.Invoke(ctx, x.match.Function, payload)
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return x.failed(http.StatusServiceUnavailable, "Service Unavailable", "the function did not answer in time")
	case errors.Is(err, ErrTooLarge):
		return message(http.StatusRequestEntityTooLarge, "Request Too Long")
	case err != nil:
		return x.failed(http.StatusInternalServerError, "Internal Server Error", err.Error())
	case result.FunctionError != "":
		return x.failed(http.StatusInternalServerError, "Internal Server Error", string(result.Payload))
	}
	given, err := responseOf(result.Payload)
	if err != nil {
		return x.failed(http.StatusInternalServerError, "Internal Server Error", err.Error())
	}
	return given
}

func (x *exchange) failed(status int, text, cause string) answer {
	x.err = cause
	return message(status, text)
}

// log writes the line of the access log.
func (x *exchange) log(a answer) {
	if x.handler.api.AccessLog == nil {
		return
	}
	line, err := json.Marshal(map[string]any{
		"requestId": x.id, "routeKey": x.match.Key, "status": a.status, "responseLength": len(a.body),
		"responseLatency": x.handler.api.Now().Sub(x.start).Milliseconds(), "integrationError": x.err, "authorizerError": x.authorizerErr,
	})
	if err == nil {
		x.handler.api.AccessLog(line)
	}
}
