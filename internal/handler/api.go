// Package handler stands between Lambda and the domain: it turns what Lambda hands over into calls of the domain, and
// what the domain answers into what Lambda expects. Here, and only here, an outcome becomes a log line.
package handler

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
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
	Log                 *slog.Logger
}

// request is the part of an HTTP API event (payload format 2.0) that is used. {"body":"…"} alone is a POST /events.
type request struct {
	RouteKey        string            `json:"routeKey"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Headers         map[string]string `json:"headers"`
	PathParameters  map[string]string `json:"pathParameters"`
	RawPath         string            `json:"rawPath"`
	RequestContext  struct {
		RequestID  string     `json:"requestId"`
		Authorizer authorizer `json:"authorizer"`
		HTTP       struct {
			Method string `json:"method"`
		} `json:"http"`
	} `json:"requestContext"`
}

type response struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// Invoke answers one request. It returns an error only when its answer can't be written as JSON.
func (a API) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	var req request
	if err := json.Unmarshal(event, &req); err != nil {
		return json.Marshal(a.refuse(ctx, "", pipeline.Errorf(pipeline.InvalidJSON, "The invocation is not an HTTP API event.")))
	}
	return json.Marshal(a.route(ctx, req))
}

// stopBefore is how long before Lambda's deadline a call to a service is given up, so that the client gets our answer.
const stopBefore = time.Second

func (a API) route(ctx context.Context, req request) response {
	ctx, cancel := pipeline.EndingBefore(ctx, stopBefore)
	defer cancel()
	// What API Gateway matched: the path may have a custom domain's base path before it.
	switch req.RouteKey {
	case "POST /events":
		return a.accept(ctx, req)
	case "GET /events/{eventId}":
		return a.status(ctx, req, req.PathParameters["eventId"])
	case "GET /health":
		return health()
	}
	return a.byPath(ctx, req)
}

// byPath routes what no route key of ours names: a catch-all route, or an invocation by hand.
func (a API) byPath(ctx context.Context, req request) response {
	method, path := req.RequestContext.HTTP.Method, req.RawPath
	if method == "" {
		return a.accept(ctx, req)
	}
	allowed := http.MethodGet
	switch id, isEvent := strings.CutPrefix(path, "/events/"); {
	case path == "/events":
		allowed = http.MethodPost
		if method == allowed {
			return a.accept(ctx, req)
		}
	case isEvent && !strings.Contains(id, "/"):
		if method == allowed {
			return a.status(ctx, req, id)
		}
	case path == "/health":
		if method == allowed {
			return health()
		}
	default:
		return a.refuse(ctx, req.RequestContext.RequestID, pipeline.Errorf(pipeline.NotFound, "There is nothing at this path."))
	}
	refusal := a.refuse(ctx, req.RequestContext.RequestID,
		pipeline.Errorf(pipeline.MethodNotAllowed, "This path takes %s only.", allowed))
	refusal.Headers["allow"] = allowed
	return refusal
}

func health() response { return reply(http.StatusOK, map[string]string{"status": "ok"}) }

func (a API) accept(ctx context.Context, req request) response {
	start := time.Now()
	caller, err := a.caller(req)
	if err != nil {
		return a.refuse(ctx, req.RequestContext.RequestID, err)
	}
	body := []byte(req.Body)
	if req.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(req.Body)
		if err != nil {
			return a.refuse(ctx, req.RequestContext.RequestID, pipeline.Errorf(pipeline.InvalidBase64, "The body is not valid base64."))
		}
		body = decoded
	}
	key, keyed := req.header("idempotency-key")
	receipt, err := a.Ingest.Accept(ctx, pipeline.Request{
		Body: body, Keyed: keyed, Key: key, Caller: caller,
	})
	if err != nil {
		return a.refuse(ctx, req.RequestContext.RequestID, err, slog.String("eventId", receipt.Event.ID))
	}
	withInvocation(ctx, a.Log).LogAttrs(ctx, slog.LevelInfo, "event accepted", append(eventAttrs(receipt.Event),
		slog.Bool("replayed", receipt.Replayed), slog.Int64("durationMs", time.Since(start).Milliseconds()))...)
	answer := reply(http.StatusAccepted, accepted{Status: "accepted", EventID: receipt.Event.ID})
	if receipt.Replayed {
		answer.Headers["idempotency-replayed"] = "true"
	}
	return answer
}

// header finds a header of any case: API Gateway sends them in lower case, who invokes by hand may not.
func (r request) header(name string) (string, bool) {
	for n, value := range r.Headers {
		if strings.EqualFold(n, name) {
			return value, true
		}
	}
	return "", false
}

type accepted struct {
	Status  string `json:"status"`
	EventID string `json:"eventId"`
}

// refuse answers with a problem and logs it: a client's mistake as information, ours as an error with its cause.
func (a API) refuse(ctx context.Context, requestID string, err error, attrs ...slog.Attr) response {
	p := problemOf(err, requestID)
	attrs = append(attrs, slog.Int("status", p.Status), slog.String("code", string(pipeline.CodeOf(err))))
	if p.Status < http.StatusInternalServerError {
		withInvocation(ctx, a.Log).LogAttrs(ctx, slog.LevelInfo, "request refused", attrs...)
	} else {
		withInvocation(ctx, a.Log).LogAttrs(ctx, slog.LevelError, "request failed", append(attrs, slog.Any("error", err))...)
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
	return response{StatusCode: status, Headers: map[string]string{"content-type": "application/json"}, Body: string(text)}
}
