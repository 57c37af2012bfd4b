package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Problem represents an error response of the API (RFC 9457). docs/problems.md lists the types.
type Problem struct {
	// Status is the HTTP status. For an event of a batch, it is the status that the API returns for
	// the event alone.
	Status int `json:"status,omitempty"`
	// Type identifies the kind of problem, such as urn:problem-type:eventpipeline:schema-violation.
	// The API never renames a type.
	Type   string `json:"type,omitempty"`
	Title  string `json:"title,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Pointer is a JSON pointer (RFC 6901) to the invalid value.
	Pointer string `json:"pointer,omitempty"`
	// RequestID identifies the request in the log lines of the API function.
	RequestID string `json:"requestId,omitempty"`
	// Errors lists invalid events of a batch. The API limits the length of the list.
	Errors []EventProblem `json:"errors,omitempty"`
	// Violations lists the first ten violations of the event type's JSON Schema.
	Violations []Violation `json:"violations,omitempty"`
	// RetryAfter is the wait that the API asks for, or 0.
	RetryAfter time.Duration `json:"-"`
}

// EventProblem represents the problem of one event in a batch.
type EventProblem struct {
	Index   int    `json:"index"`            // position in the request, from 0
	Status  int    `json:"status,omitempty"` // HTTP status that the event would have alone
	Type    string `json:"type,omitempty"`
	Title   string `json:"title,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Pointer string `json:"pointer,omitempty"` // JSON pointer to the invalid value in the event
	// Violations lists the first ten violations of the event type's JSON Schema.
	Violations []Violation `json:"violations,omitempty"`
}

// Violation represents a value of an event that violates the JSON Schema of the event's type.
type Violation struct {
	Pointer string `json:"pointer,omitempty"` // JSON pointer (RFC 6901); "" is the whole event
	Keyword string `json:"keyword"`           // of the schema, such as "required" or "enum"
	Detail  string `json:"detail"`            // what the schema requires
}

// String returns the detail and the JSON pointer.
func (v Violation) String() string {
	if v.Pointer == "" {
		return v.Detail
	}
	return fmt.Sprintf("%s, at %q", v.Detail, v.Pointer)
}

// Error returns the status, the detail and the problems of the first three events. If an event
// violates its schema, the detail describes the first violation. Each other violation follows on
// its own line.
func (p *Problem) Error() string {
	var parts []string
	if p.Status != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d", p.Status))
	}
	if text := describe(p.Detail, p.Title); text != "" {
		parts = append(parts, text)
	}
	text := strings.Join(parts, ": ") + otherLines(p.Violations)
	for i, e := range p.Errors {
		if i == 3 {
			return text + fmt.Sprintf("; and %d more", len(p.Errors)-i)
		}
		text += fmt.Sprintf("; event %d: %s", e.Index, describe(e.Detail, e.Title)) +
			otherLines(e.Violations)
	}
	return text
}

// otherLines returns a line for each violation except the first.
func otherLines(violations []Violation) string {
	text := ""
	for _, v := range violations[min(1, len(violations)):] {
		text += "\n  - " + v.String()
	}
	return text
}

func describe(detail, title string) string {
	if detail != "" {
		return detail
	}
	return title
}

// temporary reports whether the same request may be accepted later.
func (p *Problem) temporary() bool {
	switch p.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return p.Status >= http.StatusInternalServerError
}

// gatewayType is the prefix of the problem types that represent API Gateway's own errors.
const gatewayType = "urn:problem-type:eventpipeline:gateway-"

// gatewayProblems maps the status of an API Gateway error to a problem, because API Gateway can't
// answer with problem details.
var gatewayProblems = map[int]Problem{
	http.StatusUnauthorized: {
		Type: "unauthorized", Title: "Unauthorized",
		Detail: "The API requires a valid token.",
	},
	http.StatusForbidden: {
		Type: "forbidden", Title: "Forbidden",
		Detail: "The API denies access to the caller.",
	},
	http.StatusNotFound: {
		Type: "not-found", Title: "Not found", Detail: "The API has no such route.",
	},
	http.StatusRequestEntityTooLarge: {
		Type: "too-large", Title: "Payload too large",
		Detail: "The request is larger than API Gateway or Lambda allows.",
	},
	http.StatusTooManyRequests: {
		Type: "throttled", Title: "Too many requests",
		Detail: "The API's stage throttles requests. Nothing was stored for this request. " +
			"Send it again in a moment.",
	},
	http.StatusInternalServerError: {
		Type: "failed", Title: "Internal server error",
		Detail: "API Gateway got no usable response. The event may have been accepted.",
	},
	http.StatusServiceUnavailable: {
		Type: "unavailable", Title: "Service unavailable",
		Detail: "The API function did not answer in time, or its concurrency is exhausted. " +
			"The event may have been accepted.",
	},
}

// errorDescription captures API Gateway's reason for rejecting a token.
var errorDescription = regexp.MustCompile(`error_description="([^"]*)"`)

func newProblem(response *http.Response, body []byte) *Problem {
	p := readProblem(response, body)
	p.Status = response.StatusCode
	p.RetryAfter = retryAfter(response.Header.Get("Retry-After"))
	return &p
}

func readProblem(response *http.Response, body []byte) Problem {
	var p Problem
	isProblem := strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json")
	if isProblem && json.Unmarshal(body, &p) == nil {
		return p
	}
	var gatewayResponse struct{ Message string }
	if json.Unmarshal(body, &gatewayResponse) != nil || gatewayResponse.Message == "" {
		return Problem{}
	}
	p, known := gatewayProblems[response.StatusCode]
	if !known {
		return Problem{Detail: gatewayResponse.Message}
	}
	p.Type = gatewayType + p.Type
	p.RequestID = response.Header.Get("Apigw-Requestid")
	reason := errorDescription.FindStringSubmatch(response.Header.Get("Www-Authenticate"))
	if reason != nil {
		p.Detail = "The API rejects the token: " + reason[1] + "."
	}
	return p
}

// retryAfter parses the header Retry-After: seconds, or a date. It returns 0 for other texts.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}
