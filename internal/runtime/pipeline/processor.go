package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/lazyregexp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// Processor transforms an event's payload into the payloads of its records.
type Processor interface {
	// Process returns the output for one delivery of an event. attempt is 1 for the first delivery.
	// Up to 32 calls run concurrently.
	//
	// An event can be processed more than once. Silver keeps the output that was stored first,
	// until a replay replaces it.
	//
	// An error from NewRejection makes the event FAILED without a retry. After any other error, or
	// a panic, the delivery is retried.
	Process(ctx context.Context, event Event, attempt int, payload []byte) (Output, error)
}

// Output holds a processor's result for one event: the payload of each record, or the reason why
// the event was filtered.
type Output struct {
	Payloads []json.RawMessage `json:"payloads,omitempty"`
	Filtered Filtered          `json:"dropped,omitzero"`
}

// Filtered gives the reason why an event is PROCESSED without a payload in Silver. The zero value
// means that the event was not filtered.
type Filtered struct {
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// Limits per event.
const (
	MaxRecords     = 1000    // records
	MaxOutputBytes = 6 << 20 // all payloads together; equals maxPayloadBytes
	MaxReasonBytes = 1000    // reason of a rejection or a filter; longer reasons are cut off
)

// codePattern matches the codes of rejections and filtered events.
var codePattern = lazyregexp.New(`^[a-z][a-z0-9-]{0,63}$`)

// rejectedPrefix distinguishes the codes of rejections from the platform's codes.
const rejectedPrefix = "rejected."

// NewRejection returns a processor's permanent error for an event.
func NewRejection(code, reason string) *Error {
	if !codePattern.MatchString(code) {
		return invalidCodeError(code)
	}
	return &Error{Code: rejectedPrefix + Code(code), Detail: cleanReason(reason)}
}

func invalidCodeError(code string) *Error {
	detail := fmt.Sprintf("The processor's code must match %s.", codePattern)
	return wrapError(InvalidOutput, detail, fmt.Errorf("code %q", code))
}

// cleanReason replaces unprintable characters and limits the length. The result is safe in a
// message attribute, an item and a terminal.
func cleanReason(text string) string {
	text = terminal.Blank(text)
	for end := MaxReasonBytes; len(text) > MaxReasonBytes; end-- {
		if utf8.RuneStart(text[end]) {
			text = text[:end]
		}
	}
	if text = strings.TrimSpace(text); text == "" {
		return "no reason was given"
	}
	return text
}

// size returns the size of all payloads.
func (o Output) size() int {
	size := 0
	for _, payload := range o.Payloads {
		size += len(payload)
	}
	return size
}

// validate returns the output with a clean reason, or an error with the code InvalidOutput.
func (o Output) validate() (Output, error) {
	if o.Filtered != (Filtered{}) {
		if !codePattern.MatchString(o.Filtered.Code) {
			return Output{}, invalidCodeError(o.Filtered.Code)
		}
		if len(o.Payloads) > 0 {
			return Output{}, Errorf(InvalidOutput,
				"The processor must not both filter the event and return records.")
		}
		o.Filtered.Reason = cleanReason(o.Filtered.Reason)
		return o, nil
	}
	if n := len(o.Payloads); n == 0 || n > MaxRecords {
		return Output{}, Errorf(InvalidOutput,
			"The processor must return 1 to %d records, or filter the event, got %d.",
			MaxRecords, n)
	}
	size := 0
	for i, payload := range o.Payloads {
		size += len(payload)
		scan, err := scanObject(payload, nil)
		if err == nil {
			err = scan.overflow
		}
		if err != nil {
			detail := fmt.Sprintf(
				"The payload of record %d of %d must be a JSON object that the API would accept.",
				i+1, len(o.Payloads))
			return Output{}, wrapError(InvalidOutput, detail, err)
		}
	}
	if size > MaxOutputBytes {
		return Output{}, Errorf(InvalidOutput,
			"The records' payloads must have at most %d bytes together, got %d.",
			MaxOutputBytes, size)
	}
	return o, nil
}
