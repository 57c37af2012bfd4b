package processor

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Limits of the result for one event. A result that exceeds MaxRecords or MaxOutputBytes makes the
// event FAILED with the code invalid-output.
const (
	MaxRecords     = pipeline.MaxRecords     // number of records
	MaxOutputBytes = pipeline.MaxOutputBytes // total size of the payloads as JSON
	MaxReasonBytes = pipeline.MaxReasonBytes // size of a reason; a longer reason is cut
)

// Record represents the result for one event. Create it as Record{Payload: v}, or with FanOut or
// Filter. The zero value makes the event FAILED with the code invalid-output.
type Record struct {
	// Payload is encoded with encoding/json. It must become a JSON object that the API accepts.
	Payload any

	parts    []any // set by FanOut
	filtered pipeline.Filtered
}

// FanOut returns a result with one record per payload. It takes 1 to MaxRecords payloads: a slice,
// as in FanOut(items...), or values, as in FanOut(a, b). For values of different types, use
// FanOut[any](a, b).
//
// The records are the lines of one Silver object, in the same order. Each record contains the
// event's id, its own part number, and the total number of parts.
func FanOut[T any](payloads ...T) Record {
	parts := make([]any, len(payloads))
	for i, payload := range payloads {
		parts[i] = payload
	}
	return Record{parts: parts}
}

// Filter returns the result for an event that needs no record. The event is PROCESSED. Its status
// and its notification contain the code and the reason. The code must match ^[a-z][a-z0-9-]{0,63}$.
// fmt.Sprintf formats the reason.
func Filter(code, format string, args ...any) Record {
	return Record{filtered: pipeline.Filtered{Code: code, Reason: fmt.Sprintf(format, args...)}}
}

// Reject returns a permanent error, for an event that fails in every retry. The event is FAILED at
// once, and its message moves to the DLQ.
//
// The event's status contains the code as rejected.<code>, and the reason. The code must match
// ^[a-z][a-z0-9-]{0,63}$. fmt.Sprintf formats the reason.
//
// An error that wraps the returned error is permanent, too. The wrapping error's text appears only
// in the log.
func Reject(code, format string, args ...any) error {
	return pipeline.NewRejection(code, fmt.Sprintf(format, args...))
}

func (r Record) output() (pipeline.Output, error) {
	isFiltered := r.filtered != (pipeline.Filtered{})
	parts := r.parts
	switch {
	case r.Payload != nil && (parts != nil || isFiltered):
		return invalidOutput("A record from FanOut or Filter must not have a Payload.")
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

// marshal encodes a payload as JSON. Unlike json.Marshal, it does not escape <, > and &.
func marshal(value any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
