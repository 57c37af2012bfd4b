package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// Problem is an answer of the API other than success.
type Problem struct {
	HTTPStatus int    `json:"httpStatus"`
	Type       string `json:"type,omitempty"`
	Title      string `json:"title,omitempty"`
	Detail     string `json:"detail,omitempty"`
	Pointer    string `json:"pointer,omitempty"`
	RequestID  string `json:"requestId,omitempty"`

	hint string // what to try
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

// gatewayType begins the types of the problems that are made here of API Gateway's own answers.
const gatewayType = "urn:problem-type:eventpipeline:gateway-"

// gateway says of API Gateway's own answers, which are no problem details and can't be made such, what they mean.
var gateway = map[int]Problem{
	http.StatusUnauthorized: {Type: "unauthorized", Title: "Unauthorized", Detail: "The API takes no request without a token, or not with this one.",
		hint: "give a JSON Web Token with --token or EVENTPIPELINE_TOKEN"},
	http.StatusForbidden: {Type: "forbidden", Title: "Forbidden", Detail: "The API does not let the caller in.",
		hint: "an API with IAM authorization takes requests signed by AWS credentials that are allowed execute-api:Invoke; --sign signs"},
	http.StatusNotFound:              {Type: "not-found", Title: "Not found", Detail: "The API has no such route."},
	http.StatusRequestEntityTooLarge: {Type: "too-large", Title: "Payload too large", Detail: "The request is larger than API Gateway or Lambda takes."},
	http.StatusTooManyRequests: {Type: "throttled", Title: "Too many requests",
		Detail: "The API's stage takes no more requests just now; nothing of this one was stored. Send it again in a moment."},
	http.StatusInternalServerError: {Type: "failed", Title: "Internal server error", Detail: "API Gateway got no usable answer; the event may have been taken."},
	http.StatusServiceUnavailable: {Type: "unavailable", Title: "Service unavailable",
		Detail: "The API function did not answer in time or runs as often as it may; the event may have been taken."},
}

// description is what API Gateway says of a token.
var description = regexp.MustCompile(`error_description="([^"]*)"`)

func problemOf(response *http.Response, answer []byte) error {
	p := &Problem{HTTPStatus: response.StatusCode}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json") && json.Unmarshal(answer, p) == nil {
		return p
	}
	var own struct{ Message string }
	if json.Unmarshal(answer, &own) != nil || own.Message == "" {
		return p
	}
	known, ok := gateway[response.StatusCode]
	if !ok {
		p.Detail = own.Message
		return p
	}
	known.HTTPStatus, known.Type = response.StatusCode, gatewayType+known.Type
	known.RequestID = response.Header.Get("Apigw-Requestid")
	if why := description.FindStringSubmatch(response.Header.Get("Www-Authenticate")); why != nil {
		known.Detail, known.hint = "The API does not take the token: "+why[1]+".", ""
	}
	return &known
}
