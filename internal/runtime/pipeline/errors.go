package pipeline

import (
	"errors"
	"fmt"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/violation"
)

// Code classifies an error. Programs can rely on codes, because the codes never change.
type Code string

// Codes of client errors. A client that repeats the request gets the same error.
const (
	EmptyBody         Code = "empty-body"
	InvalidBase64     Code = "invalid-base64"
	InvalidGzip       Code = "invalid-gzip"
	InvalidJSON       Code = "invalid-json"
	InvalidForm       Code = "invalid-form"
	InvalidSignature  Code = "invalid-signature"   // of a webhook
	NumberOutOfRange  Code = "number-out-of-range" // beyond the range of float64
	NotAnObject       Code = "not-an-object"
	NotAnArray        Code = "not-an-array"
	EmptyBatch        Code = "empty-batch"
	BatchTooLarge     Code = "batch-too-large"
	InvalidCloudEvent Code = "invalid-cloudevent"
	MissingEventType  Code = "missing-event-type"
	InvalidEventType  Code = "invalid-event-type"
	PayloadTooLarge   Code = "payload-too-large"
	UnsupportedType   Code = "unsupported-content-type"
	UnsupportedCoding Code = "unsupported-content-encoding"
	InvalidEventID    Code = "invalid-event-id"
	UnknownEventType  Code = "unknown-event-type"
	SchemaViolation   Code = "schema-violation"
	PayloadTooComplex Code = "payload-too-complex" // can't be validated within the limits
	InvalidKey        Code = "invalid-idempotency-key"
	KeyReused         Code = "idempotency-key-reused" // for another payload
	EventNotFound     Code = "event-not-found"
	NotFound          Code = "not-found"
	MethodNotAllowed  Code = "method-not-allowed"
	CallerUnknown     Code = "caller-unknown"  // the authorizer names no caller
	InvalidBatch      Code = "invalid-batch"   // some of the request's events are invalid
	RejectedBefore    Code = "rejected-before" // by the first request with the same key
)

// Codes of event errors: the reasons why an event can't be processed. Processors add their own
// codes with NewRejection.
const (
	InvalidMessage      Code = "invalid-message"      // the message carries no valid event
	PayloadMissing      Code = "payload-missing"      // Bronze has no object under the key
	PayloadMismatch     Code = "payload-mismatch"     // the object in Bronze has another hash
	UnprocessableNumber Code = "unprocessable-number" // beyond the range of float64
	UnprocessableJSON   Code = "unprocessable-json"   // today's ingest rejects this JSON
	InvalidOutput       Code = "invalid-output"       // the processor's output can't be stored
	ProcessorError      Code = "processor-error"      // the processor failed; retries can help
	NotFinished         Code = "not-finished"         // still ENQUEUED after all re-enqueues
	WorkerCrashed       Code = "worker-crashed"       // each worker that got the event crashed
)

// Codes of platform errors.
const (
	Unavailable Code = "unavailable" // an AWS service failed or was too slow; a retry helps
	Internal    Code = "internal"    // a bug in the pipeline
)

// Error represents a failure. Detail never contains a value that the client has sent.
type Error struct {
	Code    Code
	Detail  string
	Pointer string // JSON pointer (RFC 6901) into the request's body; "" means all of it
	Err     error  // cause

	Violations []violation.Violation // of the event type's schema, for SchemaViolation
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Detail, e.Err)
	}
	return e.Detail
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error without a cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Permanent reports whether a failure with this code is permanent: every retry would also fail.
func Permanent(code Code) bool {
	switch code {
	case InvalidMessage, PayloadMissing, PayloadMismatch, PayloadTooLarge, UnprocessableNumber,
		UnprocessableJSON, InvalidOutput, WorkerCrashed:
		return true
	}
	return strings.HasPrefix(string(code), rejectedPrefix)
}

// ErrorCode returns the code of the Error that err is or wraps. Other errors have the code
// Unavailable, because they come from AWS services.
func ErrorCode(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Unavailable
}

// Implementations of this package's interfaces return these errors. Any other error means that the
// call failed.
//
// The AWS SDK retries a call whose response was lost. A successful first attempt can therefore be
// the cause of ErrExists or ErrChanged.
var (
	// ErrExists reports that the key exists.
	ErrExists = errors.New("already exists")
	// ErrNotFound reports that the key does not exist.
	ErrNotFound = errors.New("not found")
	// ErrChanged reports that the value to replace has changed since it was read.
	ErrChanged = errors.New("changed since it was read")
)

func wrapError(code Code, detail string, cause error) *Error {
	return &Error{Code: code, Detail: detail, Err: cause}
}

func unavailable(attempted string, cause error) error {
	return wrapError(Unavailable, attempted, cause)
}
