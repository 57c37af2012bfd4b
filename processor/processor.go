package processor

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stdio"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/worker"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// What one event may become; more fails it for good with the code invalid-output.
const (
	MaxRecords     = pipeline.MaxRecords     // records of one event
	MaxOutputBytes = pipeline.MaxOutputBytes // of all their payloads together, as JSON: 6 MiB
	MaxReasonBytes = pipeline.MaxReasonBytes // of a reason; what is longer is cut
)

// Event is one delivery of an event.
type Event struct {
	ID         string          // a UUID in lower case, the same whenever the event comes
	Type       string          // its eventType
	ReceivedAt time.Time       // when the API accepted it; UTC, to the millisecond
	Caller     string          // who sent it, as the API's authorizer names them; "" is nobody in particular
	Attempt    int             // how often it was delivered for this processing, 1 the first time
	ReplayID   string          // of the replay that it is processed for; "" the first time
	Payload    json.RawMessage // the request's body, byte for byte: a JSON object
}

// Func makes a record of an event. It is called for up to 32 events side by side.
type Func func(ctx context.Context, event Event) (Record, error)

// Start makes fn the worker of a pipeline, and serves Lambda until the process is killed. It is all that main calls. (What
// `eventpipeline replay --compare --worker` starts answers that command instead, and touches nothing of AWS.)
func Start(fn Func) {
	if os.Getenv(stdio.Variable) == stdio.Value {
		serve(fn)
		return
	}
	worker.Start(fn)
}

func serve(fn Func) {
	answers := os.Stdout
	os.Stdout = os.Stderr // what fn prints must not get between the answers
	slog.SetDefault(logging.New(os.Stderr, os.Getenv(contract.LogLevel)))
	if err := stdio.Serve(context.Background(), fn, os.Stdin, answers); err != nil {
		slog.Error("serve", slog.Any("error", err))
		os.Exit(1)
	}
}

// Process is how the platform calls fn.
func (fn Func) Process(ctx context.Context, event pipeline.Event, attempt int, payload []byte) (pipeline.Output, error) {
	record, err := fn(logging.WithEvent(ctx, event), Event{
		ID:         event.ID,
		Type:       event.Type,
		ReceivedAt: event.ReceivedAt,
		Caller:     event.Caller,
		Attempt:    attempt,
		ReplayID:   event.Replay.ID,
		Payload:    payload,
	})
	if err != nil {
		return pipeline.Output{}, err
	}
	return record.output()
}

// Log is a logger for the event that ctx was made for: each line says which one it is. What it writes is in the function's
// log, beside the platform's own lines. Of another context it is slog.Default(). What a processor prints is in the log, too,
// but without the event's id.
func Log(ctx context.Context) *slog.Logger { return logging.FromContext(ctx) }

// Record is what becomes of an event: made as Record{Payload: v}, or by FanOut or Drop. The zero value is none, and fails
// the event for good with the code invalid-output.
type Record struct {
	// Payload becomes JSON by encoding/json, and must become an object that the API would accept.
	Payload any

	parts    []any // of FanOut
	filtered pipeline.Filtered
}

// FanOut makes several records of one event, at least one and at most MaxRecords: FanOut(lines...) of a slice, FanOut(a, b),
// or FanOut[any](a, b) of values of different types. They are lines of one Silver object, in this order: each is a whole
// record with the event's id, and says which part it is, and of how many.
func FanOut[T any](payloads ...T) Record {
	parts := make([]any, len(payloads))
	for i, payload := range payloads {
		parts[i] = payload
	}
	return Record{parts: parts}
}

// Filter makes no record of an event, which is no failure: it is PROCESSED, and its status and EventProcessed tell code and
// reason. The code matches ^[a-z][a-z0-9-]{0,63}$; the reason is formatted as by fmt.Sprintf.
func Filter(code, format string, args ...any) Record {
	return Record{filtered: pipeline.Filtered{Code: code, Reason: fmt.Sprintf(format, args...)}}
}

// Reject is an error that no retry helps: it fails the event at once, and puts its message into the DLQ. The code, which
// matches ^[a-z][a-z0-9-]{0,63}$, becomes rejected.<code> there and in the event's status; the reason is formatted as by
// fmt.Sprintf, and told to whoever may see the status. It may be wrapped; what wraps it goes to the log.
func Reject(code, format string, args ...any) error {
	return pipeline.NewRejection(code, fmt.Sprintf(format, args...))
}

func (r Record) output() (pipeline.Output, error) {
	parts := r.parts
	switch {
	case r.Payload != nil && (r.parts != nil || r.filtered != (pipeline.Filtered{})):
		return pipeline.Output{}, pipeline.Errorf(pipeline.InvalidOutput, "The processor gave a payload to what FanOut or Drop made.")
	case r.filtered != (pipeline.Filtered{}):
		return pipeline.Output{Filtered: r.filtered}, nil
	case parts == nil && r.Payload == nil:
		return pipeline.Output{}, pipeline.Errorf(pipeline.InvalidOutput,
			"The processor returned a record without a payload; Drop is for events that are to have none.")
	case parts == nil:
		parts = []any{r.Payload}
	}
	output := pipeline.Output{Payloads: make([]json.RawMessage, len(parts))}
	for i, part := range parts {
		if _, ok := part.(Record); ok {
			return pipeline.Output{}, pipeline.Errorf(pipeline.InvalidOutput, "The processor gave a Record for the payload of one.")
		}
		payload, err := marshal(part)
		if err != nil {
			return pipeline.Output{}, &pipeline.Error{
				Code: pipeline.InvalidOutput, Detail: fmt.Sprintf("The payload of record %d of %d can't be made JSON.", i+1, len(parts)), Err: err,
			}
		}
		output.Payloads[i] = payload
	}
	return output, nil
}

// marshal leaves <, > and & as they are, as records do.
func marshal(value any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// InvalidPayload is the code by which JSON rejects payloads: rejected.invalid-payload in the event's status.
const InvalidPayload = "invalid-payload"

// JSON is a Func for payloads that encoding/json decodes into a T; fields that T lacks are passed over, and in an any numbers
// are float64s, which lose digits behind the sixteenth: a json.Number keeps them. A payload that does not fit is rejected as
// InvalidPayload.
func JSON[T any](fn func(ctx context.Context, event Event, payload T) (Record, error)) Func {
	return func(ctx context.Context, event Event) (Record, error) {
		var payload T
		if err := json.Unmarshal(event.Payload, &payload); err != nil {
			return Record{}, Reject(InvalidPayload, "%s", misfit(err))
		}
		return fn(ctx, event, payload)
	}
}

// misfit says what does not fit, without the payload's values, which belong in no log and no status.
func misfit(err error) string {
	var mismatch *json.UnmarshalTypeError
	var noTime *time.ParseError
	var noBase64 base64.CorruptInputError
	switch {
	case errors.As(err, &noTime):
		return "The payload is not what the processor expects: a time is not one of RFC 3339, such as 2026-11-23T07:30:00Z."
	case errors.As(err, &noBase64):
		return "The payload is not what the processor expects: a text is not base64."
	case !errors.As(err, &mismatch):
		return fmt.Sprintf("The payload is not what the processor expects: decoding it ended with a %T.", err)
	}
	got, _, _ := strings.Cut(mismatch.Value, " ") // as in "number 1.5"
	at := ""
	if mismatch.Field != "" {
		at = " at " + mismatch.Field
	}
	return fmt.Sprintf("The payload is not what the processor expects: a JSON %s%s where %s is to be.", got, at, inJSON(mismatch.Type))
}

// inJSON is what a Go type is in JSON, for those who know no Go.
func inJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return inJSON(t.Elem())
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Float32, reflect.Float64:
		return "a number of its range"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number of its range"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return "a whole number that is not negative"
	}
	return "something else"
}
