// Package handler handles Lambda invocations. It converts each invocation to a call of package
// pipeline, and the result of the call to a Lambda response. It is the only package that logs
// results.
package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// Items looks up the items of events.
type Items interface {
	// Get returns an event's current item, or pipeline.ErrNotFound.
	Get(ctx context.Context, id string) (pipeline.Item, error)
}

// API handles the requests of the HTTP API.
type API struct {
	Ingest              pipeline.Ingest
	Items               Items
	Open                bool   // the API has no authorizer, so requests have no caller
	StatusForAllCallers bool   // a caller may look up the events of all callers
	QueueName           string // dimension of the pipeline's metrics
	Log                 *slog.Logger
}

type response struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// Invoke handles one request. If the request fails, Invoke returns a response with a problem, and
// no error.
func (a API) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	req, err := readRequest(event)
	if err != nil {
		return json.Marshal(a.reject(ctx, req, err))
	}
	return json.Marshal(a.respond(ctx, req))
}

// stopBefore is the time before Lambda's deadline that is reserved for sending a response.
const stopBefore = time.Second

func (a API) respond(ctx context.Context, req request) (resp response) {
	// Without this function, API Gateway would answer a panic with a 500 that has no problem
	// details.
	defer func() {
		if cause := recover(); cause != nil {
			err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			resp = a.reject(ctx, req, &pipeline.Error{
				Code: pipeline.Internal, Detail: "handle the request", Err: err,
			})
		}
	}()
	ctx, cancel := pipeline.WithReserve(ctx, stopBefore)
	defer cancel()
	if !req.overHTTP() {
		return a.accept(ctx, req)
	}
	resource, eventID, routed := req.resource()
	allowed, known := methods[resource]
	if !known || req.method() == allowed && !routed {
		return a.reject(ctx, req, pipeline.Errorf(pipeline.NotFound, "The API has no such path."))
	}
	if req.method() != allowed {
		resp := a.reject(ctx, req, pipeline.Errorf(pipeline.MethodNotAllowed,
			"This path supports only %s.", allowed))
		resp.Headers["allow"] = allowed
		return resp
	}
	switch resource {
	case eventsPath:
		return a.accept(ctx, req)
	case eventPath:
		return a.status(ctx, req, eventID)
	default: // healthPath
		return jsonResponse(http.StatusOK, map[string]string{"status": "ok"})
	}
}

// acceptedBody represents the body of a response with status 202.
type acceptedBody struct {
	Status  string `json:"status"`
	EventID string `json:"eventId"`
}

func (a API) accept(ctx context.Context, req request) response {
	start := time.Now()
	caller, err := a.caller(req)
	if err != nil {
		return a.reject(ctx, req, err)
	}
	if err := req.checkMedia(); err != nil {
		resp := a.reject(ctx, req, err)
		resp.Headers["accept"], resp.Headers["accept-encoding"] = mediaType, "identity"
		return resp
	}
	body, err := req.body()
	if err != nil {
		return a.reject(ctx, req, err)
	}
	key, keyed := req.header("idempotency-key")
	key = unquoteKey(key)
	accepted, err := a.Ingest.Accept(ctx, pipeline.Request{
		Body: body, Keyed: keyed, Key: key, Caller: caller,
	})
	if err != nil {
		return a.reject(ctx, req, err, slog.String("eventId", accepted.Event.ID))
	}
	a.logAccepted(ctx, accepted, time.Since(start))
	resp := jsonResponse(http.StatusAccepted, acceptedBody{"accepted", accepted.Event.ID})
	if accepted.Duplicate {
		resp.Headers["idempotency-replayed"] = "true"
	}
	return resp
}

// unquoteKey returns the text of an Idempotency-Key. Clients that follow the IETF's draft write the
// key as a quoted string, in which a backslash precedes each quote and backslash. All other texts
// are returned unchanged.
func unquoteKey(key string) string {
	if len(key) < 2 || key[0] != '"' || key[len(key)-1] != '"' {
		return key
	}
	var text strings.Builder
	for quoted := key[1 : len(key)-1]; quoted != ""; quoted = quoted[1:] {
		if quoted[0] == '\\' && len(quoted) > 1 && strings.ContainsRune(`"\`, rune(quoted[1])) {
			quoted = quoted[1:]
		} else if quoted[0] == '"' || quoted[0] == '\\' {
			return key // not a quoted string
		}
		text.WriteByte(quoted[0])
	}
	return text.String()
}

// logAccepted logs an accepted event. The metric does not count duplicates.
func (a API) logAccepted(ctx context.Context, accepted pipeline.Accepted, took time.Duration) {
	log := logging.WithInvocation(ctx, a.Log)
	attrs := append(logging.EventAttrs(accepted.Event),
		slog.Bool("replayed", accepted.Duplicate),
		slog.Int64("durationMs", took.Milliseconds()))
	if !accepted.Duplicate {
		counts := []slog.Attr{slog.Int(contract.MetricAccepted, 1)}
		set := metricSet{contract.PipelineDimension, a.QueueName, counts}
		attrs = append(attrs, metricAttrs(set)...)
		log = atAnyLevel(log)
	}
	log.LogAttrs(ctx, slog.LevelInfo, logging.EventAccepted, attrs...)
}

// reject logs err and returns a problem. Errors of the client are logged as info. Other errors are
// logged as errors, with their cause.
func (a API) reject(ctx context.Context, req request, err error, attrs ...slog.Attr) response {
	log, p := logging.WithInvocation(ctx, a.Log), newProblem(err, req.id(ctx))
	attrs = append(attrs, slog.Int("status", p.Status), codeAttr(err))
	if p.Status < http.StatusInternalServerError {
		log.LogAttrs(ctx, slog.LevelInfo, logging.RequestRejected, attrs...)
	} else {
		attrs = append(attrs, slog.Any("error", err))
		log.LogAttrs(ctx, slog.LevelError, logging.RequestFailed, attrs...)
	}
	resp := jsonResponse(p.Status, p)
	resp.Headers["content-type"] = "application/problem+json"
	if p.Status == http.StatusServiceUnavailable {
		resp.Headers["retry-after"] = "1"
	}
	return resp
}

func jsonResponse(status int, body any) response {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // bodies are plain structs
	}
	return response{
		StatusCode: status,
		Headers:    map[string]string{"content-type": "application/json"},
		Body:       terminal.Escape(string(text)),
	}
}
