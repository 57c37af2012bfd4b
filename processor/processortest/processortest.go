// Package processortest tests a processor in a plain Go test, without AWS or the local platform: it runs it over a payload
// by the platform's own code, with the same checks, limits and codes, but for the pipeline's MaxPayloadBytes and schemas, and
// tells what would become of the event. A processor has as long as the context that it is given, less a second: give it a
// deadline to test one that waits.
package processortest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// Outcome is what would become of a delivery.
type Outcome string

const (
	// Processed: the event has its records in Silver.
	Processed Outcome = "PROCESSED"
	// Dropped: the event is PROCESSED, too, and its record has a reason in place of a payload.
	Filtered Outcome = "FILTERED"
	// Failed: the event is FAILED, its message in the DLQ; no retry would help.
	Failed Outcome = "FAILED"
	// Retried: the event comes again after a while, and is FAILED when its deliveries are used up.
	Retried Outcome = "RETRIED"
	// Refused: the API would not accept the payload, so that the processor never saw it.
	Refused Outcome = "REFUSED"
)

// Result is what would become of an event.
type Result struct {
	Outcome Outcome
	Records []json.RawMessage // the payload of each record, when Processed
	Code    string            // unless Processed: as in the event's status or the API's answer, such as "rejected.negative-total"
	Reason  string            // unless Processed: what is told to the event's sender
	Err     error             // when Failed, Retried or Refused: the whole error, as the log has it
}

// EventID is the id of the events that Process makes.
const EventID = "019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001"

// Process runs fn over the first delivery of an event with this payload, a JSON object with an eventType.
func Process(ctx context.Context, fn processor.Func, payload string) Result {
	return ProcessEvent(ctx, fn, processor.Event{Payload: json.RawMessage(payload)})
}

// ProcessEvent runs fn over an event. Its Type is the payload's eventType, whatever it says. An ID, ReceivedAt or Attempt
// that it lacks is EventID, 2026-11-23T07:30:00Z and 1.
func ProcessEvent(ctx context.Context, fn processor.Func, event processor.Event) Result {
	eventType, err := pipeline.DecodeType(event.Payload)
	if err != nil {
		return failed(Refused, err)
	}
	accepted := pipeline.Event{
		ID: event.ID, Type: eventType, ReceivedAt: event.ReceivedAt, Caller: event.Caller, Replay: pipeline.Replay{ID: event.ReplayID},
		Bytes: len(event.Payload),
	}
	if accepted.ID == "" {
		accepted.ID = EventID
	}
	if accepted.ReceivedAt.IsZero() {
		accepted.ReceivedAt = time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)
	}
	output, err := pipeline.Transform(ctx, fn, accepted, max(event.Attempt, 1), event.Payload)
	switch {
	case err != nil && pipeline.Permanent(pipeline.ErrorCode(err)):
		return failed(Failed, err)
	case err != nil:
		return failed(Retried, err)
	case output.Filtered != (pipeline.Filtered{}):
		return Result{Outcome: Filtered, Code: output.Filtered.Code, Reason: output.Filtered.Reason}
	}
	return Result{Outcome: Processed, Records: output.Payloads}
}

func failed(outcome Outcome, err error) Result {
	failure := pipeline.NewFailure(err)
	return Result{Outcome: outcome, Code: string(failure.Code), Reason: failure.Reason, Err: err}
}

// String is the result in a line or, of several records, in some: for messages of tests. Of what is Retried it has the
// error, since the Reason says nothing of it.
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
