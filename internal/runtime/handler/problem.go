package handler

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/violation"
)

// problem represents the body of an error response: problem details (RFC 9457).
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Pointer   string `json:"pointer,omitempty"` // JSON pointer into the request's body
	RequestID string `json:"requestId,omitempty"`

	Errors []indexedProblem `json:"errors,omitempty"` // of the first invalid events of a batch
	// Violations lists where the payload violates the schema of the event's type.
	Violations []violation.Violation `json:"violations,omitempty"`
}

// indexedProblem is the problem of one event in a list. The field Pointer starts at this event, not
// at the request's body.
type indexedProblem struct {
	Index int `json:"index"`
	problem
}

// maxProblems is the maximum number of problems in a response that rejects all events. Other
// responses list all problems, but only the first maxProblems have Violations.
const maxProblems = 100

// problemType is the prefix of a problem's type. The code follows the prefix. Types are URNs,
// because a URL needs a page that describes the problem.
const problemType = "urn:problem-type:eventpipeline:"

// problems maps each code that the API returns to its HTTP status and title.
var problems = map[pipeline.Code]struct {
	status int
	title  string
}{
	pipeline.EmptyBody:         {http.StatusBadRequest, "Empty body"},
	pipeline.InvalidBase64:     {http.StatusBadRequest, "Invalid base64"},
	pipeline.InvalidGzip:       {http.StatusBadRequest, "Invalid gzip"},
	pipeline.InvalidJSON:       {http.StatusBadRequest, "Invalid JSON"},
	pipeline.InvalidForm:       {http.StatusBadRequest, "Invalid form"},
	pipeline.InvalidSignature:  {http.StatusUnauthorized, "Invalid signature"},
	pipeline.NumberOutOfRange:  {http.StatusBadRequest, "Number out of range"},
	pipeline.NotAnObject:       {http.StatusBadRequest, "Not a JSON object"},
	pipeline.NotAnArray:        {http.StatusBadRequest, "Not a JSON array"},
	pipeline.EmptyBatch:        {http.StatusBadRequest, "Empty batch"},
	pipeline.BatchTooLarge:     {http.StatusRequestEntityTooLarge, "Batch too large"},
	pipeline.InvalidCloudEvent: {http.StatusUnprocessableEntity, "Invalid CloudEvent"},
	pipeline.MissingEventType:  {http.StatusUnprocessableEntity, "Missing event type"},
	pipeline.InvalidEventType:  {http.StatusUnprocessableEntity, "Invalid event type"},
	pipeline.PayloadTooLarge:   {http.StatusRequestEntityTooLarge, "Payload too large"},
	pipeline.UnsupportedType:   {http.StatusUnsupportedMediaType, "Unsupported Content-Type"},
	pipeline.UnsupportedCoding: {http.StatusUnsupportedMediaType, "Unsupported Content-Encoding"},
	pipeline.UnknownEventType:  {http.StatusUnprocessableEntity, "Unknown event type"},
	pipeline.SchemaViolation:   {http.StatusUnprocessableEntity, "Schema violation"},
	pipeline.PayloadTooComplex: {http.StatusUnprocessableEntity, "Payload too complex"},
	pipeline.InvalidKey:        {http.StatusUnprocessableEntity, "Invalid Idempotency-Key"},
	pipeline.KeyReused:         {http.StatusUnprocessableEntity, "Idempotency-Key reused"},
	pipeline.InvalidEventID:    {http.StatusBadRequest, "Invalid event id"},
	pipeline.InvalidBatch:      {http.StatusUnprocessableEntity, "Invalid events"},
	pipeline.RejectedBefore:    {http.StatusUnprocessableEntity, "Rejected before"},
	pipeline.EventNotFound:     {http.StatusNotFound, "Event not found"},
	pipeline.NotFound:          {http.StatusNotFound, "Not found"},
	pipeline.MethodNotAllowed:  {http.StatusMethodNotAllowed, "Method not allowed"},
	pipeline.CallerUnknown:     {http.StatusForbidden, "Caller unknown"},
	pipeline.Unavailable:       {http.StatusServiceUnavailable, "Temporarily unavailable"},
	pipeline.Internal:          {http.StatusInternalServerError, "Internal error"},
}

// newProblem returns the problem for an error. The problem contains the detail of a client's error,
// and a general text for other errors.
func newProblem(err error, requestID string) problem {
	code := pipeline.ErrorCode(err)
	known, ok := problems[code]
	if !ok {
		code = pipeline.Internal
		known = problems[code]
	}
	p := problem{
		Type:      problemType + string(code),
		Title:     known.title,
		Status:    known.status,
		RequestID: requestID,
	}
	var e *pipeline.Error
	switch {
	case known.status == http.StatusServiceUnavailable:
		p.Detail = "The event could not be accepted or looked up at the moment. Try again."
	case known.status >= http.StatusInternalServerError:
		p.Detail = "The platform failed. Its log contains the cause, with this request id."
	case errors.As(err, &e):
		p.Detail, p.Pointer, p.Violations = e.Detail, e.Pointer, e.Violations
	}
	var invalid *pipeline.InvalidBatchError
	if errors.As(err, &invalid) {
		p.Errors = problemsOf(invalid)
	}
	if p.Pointer != "" { // quoted, because the client's keys can contain control characters
		p.Detail = strings.TrimSuffix(p.Detail, ".") + ", at " + strconv.Quote(p.Pointer) + "."
	}
	return p
}

// problemsOf returns the problems of the first maxProblems invalid events.
func problemsOf(err *pipeline.InvalidBatchError) []indexedProblem {
	var problems []indexedProblem
	indexes := slices.Sorted(maps.Keys(err.Errs))
	for _, index := range indexes[:min(len(indexes), maxProblems)] {
		problems = append(problems, indexedProblem{index, newProblem(err.Errs[index], "")})
	}
	return problems
}
