package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Processor makes of an event's payload what Silver is to hold of the event.
type Processor interface {
	// Process returns the output of one delivery of an event; attempt is 1 the first time. Up to 32 events are at it side
	// by side. It may be asked again about an event that it had before: what was stored first counts, until a replay.
	// An error made by Rejected fails the event for good; after any other, and after a panic, the event comes again.
	Process(ctx context.Context, event Event, attempt int, payload []byte) (Output, error)
}

// Output is what a processor made of one event: the payload of each of its records, or why there is none.
type Output struct {
	Payloads []json.RawMessage `json:"payloads,omitempty"`
	Filtered Filtered          `json:"dropped,omitzero"` // the zero value: it was not
}

// Filtered says why an event is PROCESSED and has no payload in Silver: its processor wanted none.
type Filtered struct {
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// What one event may become.
const (
	MaxRecords     = 1000    // records
	MaxOutputBytes = 6 << 20 // of all payloads together: as much as the largest payload that comes in
	MaxReasonBytes = 1000    // of the reason of a rejection or a drop; what is longer is cut
)

// codePattern is for the codes that processors give.
var codePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

// rejected is what the codes of rejections begin with, so that they are told from the platform's own.
const rejected = "rejected."

// NewRejection is a processor's refusal of an event for good.
func NewRejection(code, reason string) *Error {
	if !codePattern.MatchString(code) {
		return badCode(code)
	}
	return &Error{Code: rejected + Code(code), Detail: reasonText(reason)}
}

func badCode(code string) *Error {
	return &Error{
		Code: InvalidOutput, Detail: "The processor gave a code that does not match " + codePattern.String() + ".", Err: fmt.Errorf("code %q", code),
	}
}

// reasonText makes text fit for a message's attribute, a status and a terminal.
func reasonText(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
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

// Transform makes the output of an event: the payload itself, or what processor, if it is not nil, makes of it. Its
// errors are those of the payload, *Error with Rejected's codes or InvalidOutput, or ProcessorError. It returns when ctx
// ends, whether the processor does or not.
func Transform(ctx context.Context, processor Processor, event Event, attempt int, payload []byte) (Output, error) {
	if err := checkProcessable(payload); err != nil {
		return Output{}, err
	}
	if processor == nil {
		return Output{Payloads: []json.RawMessage{payload}}, nil
	}
	output, err := ask(ctx, processor, event, attempt, payload)
	if err != nil {
		return Output{}, err
	}
	return output.checked()
}

// lastWords is how long a processor has to return once its context ended, before it is left to itself.
const lastWords = time.Second

// ask calls the processor. One that does not heed its context is left behind: Go can't stop it, and the events beside this
// one must not wait for it until Lambda ends them all.
func ask(ctx context.Context, processor Processor, event Event, attempt int, payload []byte) (Output, error) {
	thinking, cancel := WithReserve(ctx, lastWords)
	defer cancel()
	type answer struct {
		output Output
		err    error
	}
	said := make(chan answer, 1)
	go func() {
		a := answer{err: Errorf(ProcessorError, "the processor ended its goroutine")} // by runtime.Goexit, which nothing recovers
		defer func() { said <- a }()
		a.output, a.err = call(thinking, processor, event, attempt, payload)
	}()
	select {
	case a := <-said:
		return a.output, a.err
	case <-ctx.Done():
		return Output{}, &Error{Code: ProcessorError, Detail: "the processor did not return when its context ended", Err: context.Cause(ctx)}
	}
}

// call classifies how the processor failed, if it did.
func call(ctx context.Context, processor Processor, event Event, attempt int, payload []byte) (output Output, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &Error{Code: ProcessorError, Detail: "the processor panicked", Err: recovered(cause)}
		}
	}()
	output, err = processor.Process(ctx, event, attempt, payload)
	var ours *Error
	switch {
	case errors.As(err, &ours) && byProcessor(ours.Code):
		return Output{}, err
	case err != nil && ctx.Err() != nil:
		return Output{}, &Error{Code: ProcessorError, Detail: "the processor ran out of time", Err: err}
	case err != nil:
		return Output{}, &Error{Code: ProcessorError, Detail: "the processor failed", Err: err}
	}
	return output, nil
}

// byProcessor tells whether a code says what a processor did.
func byProcessor(code Code) bool {
	return code == InvalidOutput || code == ProcessorError || strings.HasPrefix(string(code), rejected)
}

// checked is the output as it may be stored.
func (o Output) checked() (Output, error) {
	if o.Filtered != (Filtered{}) {
		if !codePattern.MatchString(o.Filtered.Code) {
			return Output{}, badCode(o.Filtered.Code)
		}
		if len(o.Payloads) > 0 {
			return Output{}, Errorf(InvalidOutput, "The processor dropped the event and made records of it, too.")
		}
		o.Filtered.Reason = reasonText(o.Filtered.Reason)
		return o, nil
	}
	if n := len(o.Payloads); n == 0 || n > MaxRecords {
		return Output{}, Errorf(InvalidOutput, "The processor made %d records of the event; it must make 1 to %d, or drop it.", n, MaxRecords)
	}
	size := 0
	for i, payload := range o.Payloads {
		size += len(payload)
		scan, err := scanObject(payload)
		if err == nil {
			err = scan.overflow
		}
		if err != nil {
			return Output{}, &Error{
				Code: InvalidOutput, Detail: fmt.Sprintf("Record %d of %d has a payload that is not a JSON object as the API would accept it.", i+1, len(o.Payloads)), Err: err,
			}
		}
	}
	if size > MaxOutputBytes {
		return Output{}, Errorf(InvalidOutput, "The processor's records have payloads of %d bytes together; at most %d are stored.", size, MaxOutputBytes)
	}
	return o, nil
}
