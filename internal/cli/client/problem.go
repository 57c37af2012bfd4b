package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
)

// Problem represents an error response of the API.
type Problem struct {
	HTTPStatus int    `json:"httpStatus"`
	Type       string `json:"type,omitempty"`
	Title      string `json:"title,omitempty"`
	Detail     string `json:"detail,omitempty"`
	Pointer    string `json:"pointer,omitempty"`
	RequestID  string `json:"requestId,omitempty"`

	hint string // what the user can do about the problem
}

func (p *Problem) Error() string {
	text := fmt.Sprintf("HTTP %d", p.HTTPStatus)
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	if p.hint != "" {
		text += " (" + p.hint + ")"
	}
	return text
}

// gatewayType is the prefix of the problem types that represent API Gateway's own errors.
const gatewayType = "urn:problem-type:eventpipeline:gateway-"

// gatewayProblems maps the status of an API Gateway error to a problem. API Gateway can't be
// configured to answer with problem details.
var gatewayProblems = map[int]Problem{
	http.StatusUnauthorized: {
		Type: "unauthorized", Title: "Unauthorized",
		Detail: "The API requires a valid token.",
		hint:   "set a JSON Web Token with --token or EVENTPIPELINE_TOKEN",
	},
	http.StatusForbidden: {
		Type: "forbidden", Title: "Forbidden",
		Detail: "The API denies access to the caller.",
		hint: "an API with IAM authorization requires a request signed with AWS " +
			"credentials that allow execute-api:Invoke; --sign signs requests",
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
		Detail: "API Gateway got no usable answer. The event may have been accepted.",
	},
	http.StatusServiceUnavailable: {
		Type: "unavailable", Title: "Service unavailable",
		Detail: "The API function did not answer in time, or its concurrency is exhausted. " +
			"The event may have been accepted.",
	},
}

// errorDescription captures API Gateway's reason for rejecting a token.
var errorDescription = regexp.MustCompile(`error_description="([^"]*)"`)

func newProblem(response *http.Response, answer []byte) *Problem {
	p := &Problem{HTTPStatus: response.StatusCode}
	isProblem := strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json")
	if isProblem && jsonv2.Unmarshal(answer, p) == nil {
		return p
	}
	var gatewayAnswer struct{ Message string }
	if json.Unmarshal(answer, &gatewayAnswer) != nil || gatewayAnswer.Message == "" {
		return p
	}
	known, ok := gatewayProblems[response.StatusCode]
	if !ok {
		p.Detail = gatewayAnswer.Message
		return p
	}
	known.HTTPStatus, known.Type = response.StatusCode, gatewayType+known.Type
	known.RequestID = response.Header.Get("Apigw-Requestid")
	reason := errorDescription.FindStringSubmatch(response.Header.Get("Www-Authenticate"))
	if reason != nil {
		known.Detail, known.hint = "The API rejects the token: "+reason[1]+".", ""
	}
	return &known
}
