// Package apigateway emulates an API Gateway HTTP API in front of functions: routes, authorizers,
// payload format 2.0, CORS and throttling.
package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// API describes an HTTP API.
type API struct {
	ID, Region, Account string
	Stages              []Stage
	Routes              []Route
	CORS                *CORS // optional
	Invoke              func(ctx context.Context, function string, payload []byte) (Result, error)
	AccessLog           func(line []byte) // called with a line of JSON for each request; optional
	// WriteLog receives the lines of the stages' access logs. It is optional.
	WriteLog   func(logGroup string, line []byte)
	OnExchange func(Exchange)   // called after each response; optional
	Now        func() time.Time // default time.Now
}

func (a API) domainName() string { return a.ID + ".execute-api." + a.Region + ".amazonaws.com" }

// Route maps requests to a function.
type Route struct {
	// Key is "$default", or a method and a path. Examples: "POST /events",
	// "GET /events/{eventId}" and "ANY /files/{path+}".
	Key        string
	Function   string     // name; a version or alias can follow, as in api:live
	Authorizer Authorizer // nil for a public route
}

// Exchange describes a request and its response. API.OnExchange must not change them.
type Exchange struct {
	Request      *http.Request // its body has been read
	Body         []byte        // nil if the request was rejected before its body was read
	Function     string        // name of the route's function; "" if no route matched
	Caller       map[string]any
	Status       int
	ResponseBody []byte
	Start        time.Time
	Took         time.Duration
}

// Result holds the result of an invocation.
type Result struct {
	Payload       []byte
	FunctionError string
}

// ErrTooLarge reports that the event exceeds Lambda's payload quota. API.Invoke returns this error.
// An event is larger than its request: it has more fields, and its body can be encoded in base64.
var ErrTooLarge = errors.New("the request is too large for the function")

// Handler serves an API.
type Handler struct {
	api    API
	routes []route
	stages map[string]*runningStage // by name
}

// New returns a handler for the API. It returns an error for an invalid route key.
func New(api API) (*Handler, error) {
	if api.Now == nil {
		api.Now = time.Now
	}
	h := &Handler{api: api, stages: map[string]*runningStage{}}
	for _, s := range api.Stages {
		h.stages[s.Name] = &runningStage{s, newBucket(s.RateLimit, s.BurstLimit, api.Now())}
	}
	for _, r := range api.Routes {
		compiled, err := compileRoute(r)
		if err != nil {
			return nil, fmt.Errorf("route %q: %w", r.Key, err)
		}
		h.routes = append(h.routes, compiled)
	}
	return h, nil
}

// Quotas of API Gateway.
const (
	maxBody   = 10 << 20 // bytes
	maxHeader = 10240    // bytes of the request line and all header values
	timeout   = 30 * time.Second

	authorizerTimeout = 10 * time.Second
)

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := h.api.Now()
	x := exchange{handler: h, request: r, id: uuid.NewString(), start: start, stage: h.stage(r)}
	// Like API Gateway, do not cancel the invocation if the client closes or half-closes the
	// connection.
	response := x.respond(context.WithoutCancel(r.Context()))
	header := w.Header()
	for name, values := range response.header {
		header[name] = values
	}
	header.Set("Apigw-Requestid", x.id)
	if h.api.CORS != nil {
		h.api.CORS.setHeaders(header, r.Header.Get("Origin"))
	}
	w.WriteHeader(response.status)
	_, _ = w.Write(response.body) // fails only if the client disconnected
	x.log(response)
	if s := x.stage; s != nil && s.LogGroup != "" && h.api.WriteLog != nil {
		h.api.WriteLog(s.LogGroup, x.accessLogLine(response))
	}
	if h.api.OnExchange != nil {
		function, _ := protocol.SplitFunction(x.route.Function)
		h.api.OnExchange(Exchange{
			Request: r, Body: x.body, Function: function, Caller: x.caller,
			Status: response.status, ResponseBody: response.body,
			Start: start, Took: h.api.Now().Sub(start),
		})
	}
}

// exchange holds the state of one request.
type exchange struct {
	handler *Handler
	request *http.Request
	id      string
	start   time.Time
	stage   *runningStage // nil if the request belongs to no stage
	route   matchedRoute
	body    []byte
	caller  map[string]any // requestContext.authorizer of the event
	invoked bool           // whether the function was invoked
	// Errors of the authorizer and of the integration, for the access log.
	authorizerErr, integrationErr string
}

// httpResponse represents a response to the client.
type httpResponse struct {
	status int
	header http.Header
	body   []byte
}

// errorResponse returns an error response in API Gateway's format.
func errorResponse(status int, text string) httpResponse {
	body, _ := json.Marshal(map[string]string{"message": text}) // cannot fail
	return httpResponse{status, http.Header{"Content-Type": {"application/json"}}, body}
}

func (x *exchange) respond(ctx context.Context) httpResponse {
	api, r := x.handler.api, x.request
	if size := headerSize(r); size > maxHeader {
		return x.fail(http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large",
			fmt.Sprintf("the request line and the header values must have at most %d bytes, got %d",
				maxHeader, size))
	}
	if api.CORS != nil && isPreflight(r) {
		header := api.CORS.preflightHeader(r.Header.Get("Origin"))
		return httpResponse{status: http.StatusNoContent, header: header}
	}
	if x.stage == nil {
		return errorResponse(http.StatusNotFound, "Not Found")
	}
	if !x.stage.limit.take(x.start) {
		return errorResponse(http.StatusTooManyRequests, "Too Many Requests")
	}
	var found bool
	path := x.stage.routePath(r.URL.EscapedPath())
	x.route, found = findRoute(x.handler.routes, r.Method, path)
	if !found {
		return errorResponse(http.StatusNotFound, "Not Found")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errorResponse(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return x.fail(http.StatusRequestTimeout, "Request Timeout", err.Error())
	}
	if err != nil {
		return x.fail(http.StatusBadRequest, "Bad Request", err.Error()) // the client disconnected
	}
	x.body = body
	if rejection, ok := x.authorize(ctx, body); !ok {
		return rejection
	}
	return x.invoke(ctx, body)
}

// headerSize returns the number of bytes that count towards the quota for headers.
func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  ") + len(r.Host)
	for _, values := range r.Header {
		for _, value := range values {
			size += len(value)
		}
	}
	return size
}

// invoke invokes the route's function and returns its response.
func (x *exchange) invoke(ctx context.Context, body []byte) httpResponse {
	payload, err := json.Marshal(x.event(body))
	if err != nil {
		return x.internalError(err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	x.invoked = true
	result, err := x.handler.api.Invoke(ctx, x.route.Function, payload)
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return x.fail(http.StatusServiceUnavailable, "Service Unavailable",
			"the function timed out")
	case errors.Is(err, ErrTooLarge):
		return errorResponse(http.StatusRequestEntityTooLarge, "Request Too Long")
	case err != nil:
		return x.internalError(err.Error())
	case result.FunctionError != "":
		return x.internalError(string(result.Payload))
	}
	response, err := parseResponse(result.Payload)
	if err != nil {
		return x.internalError(err.Error())
	}
	return response
}

func (x *exchange) fail(status int, text, cause string) httpResponse {
	x.integrationErr = cause
	return errorResponse(status, text)
}

func (x *exchange) internalError(cause string) httpResponse {
	return x.fail(http.StatusInternalServerError, "Internal Server Error", cause)
}

// log passes a JSON line about the request to API.AccessLog.
func (x *exchange) log(response httpResponse) {
	if x.handler.api.AccessLog == nil {
		return
	}
	line, err := json.Marshal(map[string]any{
		"requestId":        x.id,
		"routeKey":         x.route.Key,
		"status":           response.status,
		"responseLength":   len(response.body),
		"responseLatency":  x.handler.api.Now().Sub(x.start).Milliseconds(),
		"integrationError": x.integrationErr,
		"authorizerError":  x.authorizerErr,
	})
	if err == nil {
		x.handler.api.AccessLog(line)
	}
}

// tokenBucket limits the rate of requests. Each request takes a token. New tokens arrive at a fixed
// rate.
type tokenBucket struct {
	mu     sync.Mutex
	rate   float64 // tokens per second
	size   float64 // maximum number of tokens
	tokens float64
	last   time.Time
}

// defaultBurst is API Gateway's quota for the burst of an account.
const defaultBurst = 5000

// newBucket returns a full bucket. If rate or burst is 0, it returns a bucket that is always empty,
// as in API Gateway. Otherwise, if rate is nil, it returns nil, which means no limit.
func newBucket(rate, burst *float64, now time.Time) *tokenBucket {
	size := float64(defaultBurst)
	if burst != nil {
		size = *burst
	}
	switch {
	case size == 0 || rate != nil && *rate == 0:
		return &tokenBucket{}
	case rate == nil:
		return nil
	}
	return &tokenBucket{rate: *rate, size: size, tokens: size, last: now}
}

// take removes a token from the bucket. It returns false if the bucket is empty. A nil bucket is
// never empty.
func (b *tokenBucket) take(now time.Time) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.After(b.last) {
		b.tokens = min(b.size, b.tokens+b.rate*now.Sub(b.last).Seconds())
		b.last = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
