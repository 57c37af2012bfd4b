package handler

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/format"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// acceptedBatchBody represents the body of the response 202 to a request with a list of events.
type acceptedBatchBody struct {
	Status  string          `json:"status"`
	Batches []acceptedBatch `json:"batches"`
	Events  []acceptedEvent `json:"events"` // in the order of the request
}

type acceptedBatch struct {
	BatchID   string `json:"batchId"`
	EventType string `json:"eventType"`
	Count     int    `json:"count"`
}

// acceptedEvent has either an id or a problem.
type acceptedEvent struct {
	Index   int      `json:"index"`
	EventID string   `json:"eventId,omitempty"`
	Problem *problem `json:"problem,omitempty"`
}

func (a API) acceptBatch(
	ctx context.Context, req request, caller string, body format.Body,
) response {
	start := time.Now()
	key, keyed := req.Headers[contract.IdempotencyKeyHeader]
	lenient := prefersLenient(req.Headers[contract.PreferHeader])
	accepted, err := a.Ingest.AcceptBatch(ctx, pipeline.BatchRequest{
		Body: body.Data, Elements: body.Events, CloudEvents: body.CloudEvents, Lenient: lenient,
		Keyed: keyed, Key: format.Unquote(key), Caller: caller,
	})
	if err != nil {
		return a.rejectBatch(ctx, req, err)
	}
	result := acceptedBatchBody{Status: "accepted"}
	for _, batch := range accepted.Batches {
		a.logAccepted(ctx, pipeline.Accepted{Event: batch, Duplicate: accepted.Duplicate},
			time.Since(start))
		result.Batches = append(result.Batches, acceptedBatch{batch.ID, batch.Type, batch.Count})
	}
	rejected := 0
	for i, element := range accepted.Elements {
		event := acceptedEvent{Index: i, EventID: element.EventID}
		if element.Err != nil {
			p := newProblem(element.Err, "")
			if rejected++; rejected > maxProblems {
				p.Violations = nil
			}
			event.Problem = &p
		}
		result.Events = append(result.Events, event)
	}
	resp := jsonResponse(http.StatusAccepted, result)
	if accepted.Duplicate {
		resp.Headers[contract.IdempotencyReplayedHeader] = "true"
	}
	if lenient {
		resp.Headers[contract.PreferenceAppliedHeader] = contract.HandlingLenient
	}
	return resp
}

// rejectBatch rejects a request with a list of events. The log line contains the number of invalid
// events.
func (a API) rejectBatch(ctx context.Context, req request, err error) response {
	var invalid *pipeline.InvalidBatchError
	if errors.As(err, &invalid) {
		return a.reject(ctx, req, err, slog.Int(contract.FieldEvents, len(invalid.Errs)))
	}
	return a.reject(ctx, req, err)
}

// prefersLenient reports whether a header Prefer (RFC 7240) contains handling=lenient. If the
// header repeats handling, the first value applies.
func prefersLenient(prefer string) bool {
	for _, preference := range splitList(prefer) {
		preference, _, _ = strings.Cut(preference, ";")
		name, value, _ := strings.Cut(preference, "=")
		if strings.EqualFold(strings.TrimSpace(name), "handling") {
			return strings.EqualFold(format.Unquote(strings.TrimSpace(value)), "lenient")
		}
	}
	return false
}

// splitList splits a header's value at each comma that is not in a quoted string.
func splitList(value string) []string {
	var elements []string
	start, quoted := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++ // the next character is escaped
		case !quoted && c == ',':
			elements = append(elements, value[start:i])
			start = i + 1
		}
	}
	return append(elements, value[start:])
}
