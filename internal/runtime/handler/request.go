package handler

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// request is the part of an HTTP API event (payload format 2.0) that is used. {"body":"…"} alone is a POST /events.
type request struct {
	RouteKey        string            `json:"routeKey"`
	Body            wholeText         `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Headers         map[string]string `json:"headers"`
	PathParameters  map[string]string `json:"pathParameters"`
	RawPath         string            `json:"rawPath"`
	RequestContext  struct {
		RequestID  string     `json:"requestId"`
		Authorizer authorizer `json:"authorizer"`
		HTTP       struct {
			Method string `json:"method"`
		} `json:"http"`
	} `json:"requestContext"`
}

// readRequest reads what Lambda hands over; its errors are of whoever invoked the function.
func readRequest(event []byte) (request, error) {
	var req request
	err := json.Unmarshal(event, &req)
	var damaged *pipeline.Error
	if err != nil && !errors.As(err, &damaged) {
		return req, pipeline.Errorf(pipeline.InvalidJSON, "The invocation is not an HTTP API event.")
	}
	return req, err
}

// wholeText is text of which nothing was lost on the way: encoding/json replaces what is no character.
type wholeText string

func (t *wholeText) UnmarshalJSON(data []byte) error {
	if !utf8.Valid(data) || !pipeline.SurrogatesPaired(data) {
		return pipeline.Errorf(pipeline.InvalidJSON, "The body is not valid Unicode.")
	}
	return json.Unmarshal(data, (*string)(t))
}

// overHTTP tells a request that came through the API from an invocation with a body alone.
func (r request) overHTTP() bool { return r.RouteKey != "" || r.RequestContext.HTTP.Method != "" }

// What the API has, as API Gateway writes it in route keys, and the one method that each takes.
const (
	eventsPath = "/events"
	eventPath  = "/events/{eventId}"
	healthPath = "/health"
)

var methods = map[string]string{eventsPath: http.MethodPost, eventPath: http.MethodGet, healthPath: http.MethodGet}

// method is the request's; an invocation by hand may have a route key only.
func (r request) method() string {
	if method := r.RequestContext.HTTP.Method; method != "" {
		return method
	}
	method, _, _ := strings.Cut(r.RouteKey, " ")
	return method
}

// resource is which of the paths was asked for, and eventID what stands in it. What API Gateway matched comes first: the
// path itself may have a custom domain's base path before it. routed tells whether the request came by the path's own
// route, whose authorization and scopes API Gateway has asked for, or by hand. Another route, such as the default one, may
// ask for less, and take a path that is ours in disguise, such as /%65vents: it gets refusals only.
func (r request) resource() (resource, eventID string, routed bool) {
	method, resource, _ := strings.Cut(r.RouteKey, " ")
	if allowed, ours := methods[resource]; ours {
		return resource, r.PathParameters["eventId"], method == allowed
	}
	routed = r.RouteKey == ""
	id, below := strings.CutPrefix(r.RawPath, eventsPath+"/")
	if below && id != "" && !strings.Contains(id, "/") {
		return eventPath, id, routed
	}
	return r.RawPath, "", routed
}

// id is the request's, which the logs have, too. An invocation by hand has none but Lambda's.
func (r request) id(ctx context.Context) string {
	if r.RequestContext.RequestID != "" {
		return r.RequestContext.RequestID
	}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

// header finds a header of any case: API Gateway sends them in lower case, who invokes by hand may not.
func (r request) header(name string) (string, bool) {
	for n, value := range r.Headers {
		if strings.EqualFold(n, name) {
			return value, true
		}
	}
	return "", false
}

// mediaType is the one that POST /events takes.
const mediaType = "application/json"

// checkMedia refuses a body that its headers do not call JSON as it stands. An invocation with a body alone needs no
// headers.
func (r request) checkMedia() error {
	if _, encoded := r.header("content-encoding"); encoded {
		return pipeline.Errorf(pipeline.UnsupportedCoding, "The body must not be encoded; send it without a Content-Encoding.")
	}
	value, given := r.header("content-type")
	if !given && !r.overHTTP() {
		return nil
	}
	media, parameters, err := mime.ParseMediaType(value)
	if charset, named := parameters["charset"]; err != nil || media != mediaType || named && !strings.EqualFold(charset, "utf-8") {
		return pipeline.Errorf(pipeline.UnsupportedType, "The body must be JSON in UTF-8; send it with Content-Type: %s.", mediaType)
	}
	return nil
}

// body is the request's, decoded.
func (r request) body() ([]byte, error) {
	if !r.IsBase64Encoded {
		return []byte(r.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(string(r.Body))
	if err != nil {
		return nil, pipeline.Errorf(pipeline.InvalidBase64, "The body is not valid base64.")
	}
	return body, nil
}
