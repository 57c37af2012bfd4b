package pipeline

import (
	"errors"
	"fmt"
	"strings"
)

// Code says what went wrong in a word that programs may rely on.
type Code string

// The client's errors: sending the same request again fails again.
const (
	EmptyBody         Code = "empty-body"
	InvalidBase64     Code = "invalid-base64"
	InvalidJSON       Code = "invalid-json"
	NumberOutOfRange  Code = "number-out-of-range" // no float64 holds it
	NotAnObject       Code = "not-an-object"
	MissingEventType  Code = "missing-event-type"
	InvalidEventType  Code = "invalid-event-type"
	PayloadTooLarge   Code = "payload-too-large"
	UnsupportedType   Code = "unsupported-content-type"
	UnsupportedCoding Code = "unsupported-content-encoding"
	InvalidEventID    Code = "invalid-event-id"
	UnknownEventType  Code = "unknown-event-type"
	SchemaViolation   Code = "schema-violation"
	PayloadTooComplex Code = "payload-too-complex" // for its schema
	InvalidKey        Code = "invalid-idempotency-key"
	KeyReused         Code = "idempotency-key-reused" // with another payload
	EventNotFound     Code = "event-not-found"
	NotFound          Code = "not-found"
	MethodNotAllowed  Code = "method-not-allowed"
	CallerUnknown     Code = "caller-unknown" // the authorizer let the request in, but does not say who it is from
)

// An event's own errors: the reasons for which it can't be processed. Those of processors are made by Rejected.
const (
	InvalidMessage      Code = "invalid-message"      // the queue's message is not one of ours
	PayloadMissing      Code = "payload-missing"      // Bronze has no such object
	PayloadMismatch     Code = "payload-mismatch"     // Bronze does not hold what was accepted
	UnprocessableNumber Code = "unprocessable-number" // a number that no float64 holds, accepted by an older version
	UnprocessableJSON   Code = "unprocessable-json"   // not the JSON that ingest would accept
	InvalidOutput       Code = "invalid-output"       // what the processor returned can't be stored
	ProcessorError      Code = "processor-error"      // the processor failed or panicked; trying again may help
	NotFinished         Code = "not-finished"         // enqueued again and again, and never finished
)

// The platform's errors.
const (
	Unavailable Code = "unavailable" // an AWS service failed or was too slow; trying again helps
	Internal    Code = "internal"    // a defect
)

// Error is a failure with its code, a sentence for people that repeats no client's value, and its cause.
type Error struct {
	Code    Code
	Detail  string
	Pointer string // RFC 6901, into the request's body; "" is the whole
	Err     error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Detail, e.Err)
	}
	return e.Detail
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf is an Error of that code without a cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Permanent tells whether a delivery that failed with this code fails again however often it is tried.
func Permanent(code Code) bool {
	switch code {
	case InvalidMessage, PayloadMissing, PayloadMismatch, PayloadTooLarge, UnprocessableNumber, UnprocessableJSON, InvalidOutput:
		return true
	}
	return strings.HasPrefix(string(code), rejected)
}

// ErrorCode classifies any error: what is no Error of ours came from a service and is worth another try.
func ErrorCode(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Unavailable
}

// What the ports report of what they found; anything else they return is a failed call.
var (
	// ErrExists: a write that must be the first found another, or its own earlier try.
	ErrExists = errors.New("already there")
	// ErrNotFound: nothing is kept under that key.
	ErrNotFound = errors.New("not found")
	// ErrChanged: what was to be replaced is no longer what was read; nothing was written.
	ErrChanged = errors.New("changed meanwhile")
)
