package processor

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Each event has these limits. If it exceeds one of the first two, it is FAILED with the code
// invalid-output.
const (
	MaxRecords     = pipeline.MaxRecords     // records
	MaxOutputBytes = pipeline.MaxOutputBytes // payloads of all records as JSON
	MaxReasonBytes = pipeline.MaxReasonBytes // reason of Filter or Reject; the rest is cut off
)

// Record represents the result for one event: Record{Payload: v}, or the result of FanOut or
// Filter. The event is FAILED with the code invalid-output for the zero value.
type Record struct {
	// Payload is encoded by encoding/json. The result must be a JSON object that the API would
	// accept.
	Payload any

	parts    []any // by FanOut
	filtered pipeline.Filtered
}

// FanOut returns several records of one event: at least one, at most MaxRecords. Call it with a
// slice, FanOut(items...), or with values, FanOut(a, b); use FanOut[any](a, b) for different types.
// The records are lines of one Silver object, in this order. Each has the event's id, the number of
// its part, and the number of parts.
func FanOut[T any](payloads ...T) Record {
	parts := make([]any, len(payloads))
	for i, payload := range payloads {
		parts[i] = payload
	}
	return Record{parts: parts}
}

// Filter returns the result for an event that needs no record. The event is PROCESSED; its status
// and its notification have the code and the reason. The code must match ^[a-z][a-z0-9-]{0,63}$.
// The reason is formatted as by fmt.Sprintf.
func Filter(code, format string, args ...any) Record {
	return Record{filtered: pipeline.Filtered{Code: code, Reason: fmt.Sprintf(format, args...)}}
}

// Reject returns a permanent error, for an event that fails in every retry. The event is FAILED at
// once, and its message moves to the DLQ. The code must match ^[a-z][a-z0-9-]{0,63}$; the event's
// status has it as rejected.<code>. The reason is formatted as by fmt.Sprintf, and is part of the
// status. An error that wraps the result is permanent, too; its text appears in the log only.
func Reject(code, format string, args ...any) error {
	return pipeline.NewRejection(code, fmt.Sprintf(format, args...))
}

func (r Record) output() (pipeline.Output, error) {
	isFiltered := r.filtered != (pipeline.Filtered{})
	parts := r.parts
	switch {
	case r.Payload != nil && (parts != nil || isFiltered):
		return invalidOutput("The record of FanOut or Filter must not have a Payload.")
	case isFiltered:
		return pipeline.Output{Filtered: r.filtered}, nil
	case parts == nil && r.Payload == nil:
		return invalidOutput(
			"The record must have a Payload. Use Filter for events without a record.")
	case parts == nil:
		parts = []any{r.Payload}
	}
	output := pipeline.Output{Payloads: make([]json.RawMessage, len(parts))}
	for i, part := range parts {
		if _, ok := part.(Record); ok {
			return invalidOutput("The payload of record %d of %d must not be a Record.",
				i+1, len(parts))
		}
		payload, err := marshal(part)
		if err != nil {
			return pipeline.Output{}, &pipeline.Error{
				Code: pipeline.InvalidOutput, Err: err,
				Detail: fmt.Sprintf("The payload of record %d of %d can't be encoded as JSON.",
					i+1, len(parts)),
			}
		}
		output.Payloads[i] = payload
	}
	return output, nil
}

func invalidOutput(format string, args ...any) (pipeline.Output, error) {
	return pipeline.Output{}, pipeline.Errorf(pipeline.InvalidOutput, format, args...)
}

// marshal does not escape <, > and &, like the records.
func marshal(value any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
