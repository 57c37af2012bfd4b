// Package handler stands between Lambda and the domain: it turns what Lambda hands over into calls of the domain, and
// what the domain answers into what Lambda expects. Here, and only here, an outcome becomes a log line.
package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// Items finds the item of an event.
type Items interface {
	// Get returns an event's item as it is now. pipeline.ErrNotFound: there is none.
	Get(ctx context.Context, id string) (pipeline.Item, error)
}

// API is the Lambda handler behind the HTTP API.
type API struct {
	Ingest pipeline.Ingest
	Items  Items
	Open   bool // anybody may call: a request need not say who sent it
	// StatusForAllCallers lets each caller see the events of all.
	StatusForAllCallers bool
	QueueName           string // the dimension of the pipeline's metrics
	Log                 *slog.Logger
}

type response struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// Invoke answers one request. It returns an error only when its answer can't be written as JSON.
func (a API) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	req, err := readRequest(event)
	if err != nil {
		return json.Marshal(a.refuse(ctx, req, err))
	}
	return json.Marshal(a.answer(ctx, req))
}

// stopBefore is how long before Lambda's deadline a call to a service is given up, so that the client gets our answer.
const stopBefore = time.Second

func (a API) answer(ctx context.Context, req request) (answer response) {
	// A defect is answered like any other failure: API Gateway's own answer would say less.
	defer func() {
		if cause := recover(); cause != nil {
			err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			answer = a.refuse(ctx, req, &pipeline.Error{Code: pipeline.Internal, Detail: "answer the request", Err: err})
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
		return a.refuse(ctx, req, pipeline.Errorf(pipeline.NotFound, "There is nothing at this path."))
	}
	if req.method() != allowed {
		refusal := a.refuse(ctx, req, pipeline.Errorf(pipeline.MethodNotAllowed, "This path takes %s only.", allowed))
		refusal.Headers["allow"] = allowed
		return refusal
	}
	switch resource {
	case eventsPath:
		return a.accept(ctx, req)
	case eventPath:
		return a.status(ctx, req, eventID)
	default: // healthPath
		return reply(http.StatusOK, map[string]string{"status": "ok"})
	}
}

func (a API) accept(ctx context.Context, req request) response {
	start := time.Now()
	caller, err := a.caller(req)
	if err != nil {
		return a.refuse(ctx, req, err)
	}
	if err := req.checkMedia(); err != nil {
		refusal := a.refuse(ctx, req, err)
		refusal.Headers["accept"], refusal.Headers["accept-encoding"] = mediaType, "identity"
		return refusal
	}
	body, err := req.body()
	if err != nil {
		return a.refuse(ctx, req, err)
	}
	key, keyed := req.header("idempotency-key")
	receipt, err := a.Ingest.Accept(ctx, pipeline.Request{
		Body: body, Keyed: keyed, Key: key, Caller: caller,
	})
	if err != nil {
		return a.refuse(ctx, req, err, slog.String("eventId", receipt.Event.ID))
	}
	a.logAccepted(ctx, receipt, time.Since(start))
	answer := reply(http.StatusAccepted, accepted{Status: "accepted", EventID: receipt.Event.ID})
	if receipt.Duplicate {
		answer.Headers["idempotency-replayed"] = "true"
	}
	return answer
}

// logAccepted writes the line of a request that was answered with 202. A repeat is no event more, and no metric.
func (a API) logAccepted(ctx context.Context, receipt pipeline.Accepted, took time.Duration) {
	log := logging.WithInvocation(ctx, a.Log)
	attrs := append(logging.EventAttrs(receipt.Event), slog.Bool("replayed", receipt.Duplicate), slog.Int64("durationMs", took.Milliseconds()))
	if !receipt.Duplicate {
		attrs = append(attrs, slog.Int(contract.MetricAccepted, 1), slog.String(contract.PipelineDimension, a.QueueName),
			embeddedMetrics(time.Now(), metricSet{contract.PipelineDimension, []string{contract.MetricAccepted}}))
		log = atAnyLevel(log)
	}
	log.LogAttrs(ctx, slog.LevelInfo, logging.EventAccepted, attrs...)
}

type accepted struct {
	Status  string `json:"status"`
	EventID string `json:"eventId"`
}

// refuse answers with a problem and logs it: a client's mistake as information, ours as an error with its cause.
func (a API) refuse(ctx context.Context, req request, err error, attrs ...slog.Attr) response {
	p := problemOf(err, req.id(ctx))
	attrs = append(attrs, slog.Int("status", p.Status), slog.String("code", string(pipeline.ErrorCode(err))))
	if p.Status < http.StatusInternalServerError {
		logging.WithInvocation(ctx, a.Log).LogAttrs(ctx, slog.LevelInfo, logging.RequestRejected, attrs...)
	} else {
		logging.WithInvocation(ctx, a.Log).LogAttrs(ctx, slog.LevelError, logging.RequestFailed, append(attrs, slog.Any("error", err))...)
	}
	answer := reply(p.Status, p)
	answer.Headers["content-type"] = "application/problem+json"
	if p.Status == http.StatusServiceUnavailable {
		answer.Headers["retry-after"] = "1"
	}
	return answer
}

func reply(status int, body any) response {
	text, err := json.Marshal(body)
	if err != nil { // only our own plain structs come here
		panic(err)
	}
	return response{StatusCode: status, Headers: map[string]string{"content-type": "application/json"}, Body: terminal.Escape(string(text))}
}
