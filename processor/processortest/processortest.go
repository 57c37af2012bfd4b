// Package processortest tests a processor in a plain Go test, without AWS and without the local
// platform. It runs the processor with the platform's own code, and returns the result that the
// event has on AWS.
//
// It does not check MaxPayloadBytes and schemas, because each pipeline has its own.
//
// To test that a processor returns in time, pass a context with a deadline. The processor's own
// context ends a second before that deadline.
package processortest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// Outcome classifies the result of a delivery.
type Outcome string

const (
	// Processed means that the event's records are in Silver.
	Processed Outcome = "PROCESSED"
	// Filtered means that the event is PROCESSED, and has a reason but no records.
	Filtered Outcome = "FILTERED"
	// Failed means that the event is FAILED, and its message is in the DLQ.
	Failed Outcome = "FAILED"
	// Retried means that SQS delivers the event again. After MaxReceiveCount failures, the event is
	// FAILED.
	Retried Outcome = "RETRIED"
	// Invalid means that the API rejects the payload. The processor was not called.
	Invalid Outcome = "INVALID"
)

// Result represents the result of a delivery.
type Result struct {
	Outcome Outcome
	Records []json.RawMessage // payload of each record, if Processed
	Code    string            // code in the event's status, or in the API's response if Invalid
	Reason  string            // reason in the event's status, or in the API's response if Invalid
	Err     error             // error in the log, if Failed, Retried or Invalid
}

// EventID is the default value of an event's id.
const EventID = "019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001"

// Process calls fn with the first delivery of an event. The payload must be a JSON object with an
// eventType.
func Process(ctx context.Context, fn processor.Func, payload string) Result {
	return ProcessEvent(ctx, fn, processor.Event{Payload: json.RawMessage(payload)})
}

// ProcessEvent calls fn with a delivery. It sets Type to the eventType of the payload. An event
// with a Webhook keeps its Type, and its payload can be a form.
//
// Zero fields get default values: ID becomes EventID, or <BatchID>.<Index> if BatchID is set.
// ReceivedAt becomes 2026-11-23T07:30:00Z, and Attempt becomes 1.
func ProcessEvent(ctx context.Context, fn processor.Func, event processor.Event) Result {
	eventType, webhook, err := decode(event)
	if err != nil {
		return newFailure(Invalid, err)
	}
	accepted := pipeline.Event{
		ID:         event.ID,
		Type:       eventType,
		ReceivedAt: event.ReceivedAt,
		Caller:     event.Caller,
		Replay:     pipeline.Replay{ID: event.ReplayID},
		Bytes:      len(event.Payload),
		Webhook:    webhook,
	}
	switch {
	case accepted.ID == "" && event.BatchID != "":
		accepted.ID = fmt.Sprintf("%s.%d", event.BatchID, event.Index)
	case accepted.ID == "":
		accepted.ID = EventID
	}
	if accepted.ReceivedAt.IsZero() {
		accepted.ReceivedAt = time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)
	}
	output, err := pipeline.Transform(ctx, fn, accepted, max(event.Attempt, 1), event.Payload)
	switch filtered := output.Filtered; {
	case err != nil && pipeline.Permanent(pipeline.ErrorCode(err)):
		return newFailure(Failed, err)
	case err != nil:
		return newFailure(Retried, err)
	case filtered != (pipeline.Filtered{}):
		return Result{Outcome: Filtered, Code: filtered.Code, Reason: filtered.Reason}
	}
	return Result{Outcome: Processed, Records: output.Payloads}
}

// decode checks the payload as the API does. It returns the event's type and webhook.
func decode(event processor.Event) (string, *pipeline.Webhook, error) {
	if event.Webhook == nil {
		eventType, err := pipeline.DecodeType(event.Payload)
		return eventType, nil, err
	}
	w := pipeline.Webhook{
		Source: event.Webhook.Source, ContentType: event.Webhook.ContentType,
		Headers: event.Webhook.Headers,
	}
	payload, err := w.JSON(event.Payload)
	if err != nil {
		return "", nil, err
	}
	request := pipeline.WebhookRequest{Webhook: w, Type: event.Type, Payload: payload}
	eventType, err := request.Decode()
	return eventType, &w, err
}

func newFailure(outcome Outcome, err error) Result {
	failure := pipeline.NewFailure(err)
	return Result{Outcome: outcome, Code: string(failure.Code), Reason: failure.Reason, Err: err}
}

// String returns the outcome and the details of the result:
//   - Processed: one line for each record
//   - Retried: the code and the error
//   - other outcomes: the code and the reason
func (r Result) String() string {
	switch r.Outcome {
	case Processed:
	case Retried:
		return fmt.Sprintf("%s %s: %v", r.Outcome, r.Code, r.Err)
	default:
		return fmt.Sprintf("%s %s: %s", r.Outcome, r.Code, r.Reason)
	}
	text := string(r.Outcome)
	for _, record := range r.Records {
		text += "\n" + string(record)
	}
	return text
}
