// Package handler handles Lambda invocations. It converts an invocation to a call of package
// pipeline, and the result to a Lambda response. It is the only package that logs results.
package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/format"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// API handles the requests of the HTTP API.
type API struct {
	Ingest              pipeline.Ingest
	Items               pipeline.ItemReader
	OpenToAnyone        bool                      // no authorizer, so requests have no caller
	TextPlain           bool                      // accepts text/plain as JSON
	StatusForAllCallers bool                      // a caller may look up the events of all callers
	QueueName           string                    // dimension of the pipeline's metrics
	Webhooks            map[string]webhook.Source // by name
	Secrets             *webhook.Secrets          // nil without Webhooks
	Log                 *slog.Logger
}

type response struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// Invoke handles one request. If the request fails, Invoke returns a response with a problem, and a
// nil error.
func (a API) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	req, err := readRequest(event)
	if err != nil {
		return json.Marshal(a.reject(ctx, req, err))
	}
	return json.Marshal(a.respond(ctx, req))
}

func (a API) respond(ctx context.Context, req request) (resp response) {
	// After a panic, the response must also contain problem details. API Gateway's own 500 has
	// none.
	defer func() {
		if cause := recover(); cause != nil {
			err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			resp = a.reject(ctx, req, &pipeline.Error{
				Code: pipeline.Internal, Detail: "handle the request", Err: err,
			})
		}
	}()
	ctx, cancel := pipeline.WithReserve(ctx, pipeline.APIStopBefore)
	defer cancel()
	if !req.overHTTP() {
		return a.accept(ctx, req)
	}
	resource, name, routed := req.resource()
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
	case contract.EventsPath:
		return a.accept(ctx, req)
	case contract.EventPath:
		return a.status(ctx, req, name)
	case contract.WebhookPath:
		return a.webhook(ctx, req, name)
	default: // contract.HealthPath
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
	decoded, err := a.decode(req)
	if err != nil {
		return a.rejectBody(ctx, req, err)
	}
	if decoded.Batch {
		return a.acceptBatch(ctx, req, caller, decoded)
	}
	key, keyed := req.Headers[contract.IdempotencyKeyHeader]
	accepted, err := a.Ingest.Accept(ctx, pipeline.Request{
		Body: decoded.Data, CloudEvent: decoded.CloudEvents,
		Keyed: keyed, Key: format.Unquote(key), Caller: caller,
	})
	if err != nil {
		return a.reject(ctx, req, err, slog.String(contract.FieldEventID, accepted.Event.ID))
	}
	a.logAccepted(ctx, accepted, time.Since(start))
	resp := jsonResponse(http.StatusAccepted, acceptedBody{"accepted", accepted.Event.ID})
	if accepted.Duplicate {
		resp.Headers[contract.IdempotencyReplayedHeader] = "true"
	}
	return resp
}

func (a API) decode(req request) (format.Body, error) {
	body, err := req.body()
	if err != nil {
		return format.Body{}, err
	}
	decoder := format.Decoder{MaxBytes: a.Ingest.MaxPayloadBytes, TextPlain: a.TextPlain}
	return decoder.Decode(req.contentHeaders(), body)
}

// rejectBody rejects a request whose body can't be decoded. If the media type or the content coding
// is not supported, the response lists the supported ones.
func (a API) rejectBody(ctx context.Context, req request, err error) response {
	resp := a.reject(ctx, req, err)
	if resp.StatusCode == http.StatusUnsupportedMediaType {
		resp.Headers["accept"] = format.Accept
		resp.Headers["accept-encoding"] = format.AcceptEncoding
	}
	return resp
}

// logAccepted logs an accepted event. The metric Accepted omits duplicates.
func (a API) logAccepted(ctx context.Context, accepted pipeline.Accepted, took time.Duration) {
	log := logging.WithInvocation(ctx, a.Log)
	attrs := append(logging.EventAttrs(accepted.Event),
		slog.Bool(contract.FieldReplayed, accepted.Duplicate),
		slog.Int64(contract.FieldDurationMs, took.Milliseconds()))
	source := ""
	if w := accepted.Event.Webhook; w != nil {
		source = w.Source
	}
	if accepted.Duplicate && source != "" {
		attrs = append(attrs, slog.String(contract.SourceDimension, source))
	}
	if !accepted.Duplicate {
		set := pipelineMetrics(a.QueueName,
			slog.Int(contract.MetricAccepted, accepted.Event.Events()))
		set.source = source
		attrs = append(attrs, metricAttrs(set)...)
		log = atAnyLevel(log)
	}
	log.LogAttrs(ctx, slog.LevelInfo, logging.EventAccepted, attrs...)
}

// reject logs err and returns a problem. A client error is logged as info, without text from the
// request. Any other error is logged as an error, with its cause.
func (a API) reject(ctx context.Context, req request, err error, attrs ...slog.Attr) response {
	log, p := logging.WithInvocation(ctx, a.Log), newProblem(err, req.id(ctx))
	attrs = append(attrs, slog.Int("status", p.Status), codeAttr(err))
	if p.Status < http.StatusInternalServerError {
		var e *pipeline.Error
		// The detail of a schema violation can contain names of the payload's properties.
		if errors.As(err, &e) && e.Code != pipeline.SchemaViolation {
			attrs = append(attrs, slog.String("reason", e.Detail))
		}
		log.LogAttrs(ctx, slog.LevelInfo, logging.RequestRejected, attrs...)
	} else {
		attrs = append(attrs, slog.Any(contract.FieldError, err))
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
