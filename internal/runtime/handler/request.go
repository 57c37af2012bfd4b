package handler

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/lambdacontext"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// request holds the fields of an HTTP API event (payload format 2.0) that the handler reads. A
// direct invocation with only {"body":"…"} is a request to POST /events.
type request struct {
	RouteKey        string            `json:"routeKey"`
	Body            validString       `json:"body"`
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

// readRequest decodes an invocation. All its errors are errors of the client.
func readRequest(event []byte) (request, error) {
	var req request
	err := jsonv2.Unmarshal(event, &req, jsontext.AllowInvalidUTF8(true))
	var invalid *pipeline.Error
	if err != nil && !errors.As(err, &invalid) {
		return req, pipeline.Errorf(pipeline.InvalidJSON,
			"The invocation is not an HTTP API event.")
	}
	req.Headers = lowerNames(req.Headers)
	return req, err
}

// lowerNames returns headers with lower-case names, as API Gateway sends them. A direct invocation
// can use upper case. If two names differ only in case, a comma joins their values.
func lowerNames(headers map[string]string) map[string]string {
	lower := make(map[string]string, len(headers))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := headers[name]
		name = strings.ToLower(name)
		if other, repeated := lower[name]; repeated {
			value = other + "," + value
		}
		lower[name] = value
	}
	return lower
}

// validString is a JSON string that must be valid Unicode. encoding/json silently replaces invalid
// characters.
type validString string

func (s *validString) UnmarshalJSON(data []byte) error {
	if !utf8.Valid(data) || !pipeline.SurrogatesPaired(data) {
		return pipeline.Errorf(pipeline.InvalidJSON, "The body is not valid Unicode.")
	}
	return json.Unmarshal(data, (*string)(s))
}

// overHTTP reports whether the request is an HTTP API event. Any other request has only a body.
func (r request) overHTTP() bool { return r.RouteKey != "" || r.RequestContext.HTTP.Method != "" }

// methods maps each path to the only method that it supports.
var methods = map[string]string{
	contract.EventsPath:  http.MethodPost,
	contract.EventPath:   http.MethodGet,
	contract.HealthPath:  http.MethodGet,
	contract.WebhookPath: http.MethodPost,
}

// method returns the HTTP method of the request. Some direct invocations have only a route key.
func (r request) method() string {
	if method := r.RequestContext.HTTP.Method; method != "" {
		return method
	}
	method, _, _ := strings.Cut(r.RouteKey, " ")
	return method
}

// resource returns the API's path, and the event id or webhook source in this path. It prefers the
// route key, because the raw path can begin with the base path of a custom domain.
//
// routed is false if API Gateway used another route, such as $default. The API must then reject the
// request, because that route can require less authorization. For a direct invocation, routed is
// true.
func (r request) resource() (resource, name string, routed bool) {
	method, resource, _ := strings.Cut(r.RouteKey, " ")
	if allowed, known := methods[resource]; known {
		name = cmp.Or(r.PathParameters["eventId"], r.PathParameters["source"])
		return resource, name, method == allowed
	}
	routed = r.RouteKey == ""
	for _, path := range []string{contract.EventPath, contract.WebhookPath} {
		prefix, _, _ := strings.Cut(path, "{")
		name, ok := strings.CutPrefix(r.RawPath, prefix)
		if ok && name != "" && !strings.Contains(name, "/") {
			return path, name, routed
		}
	}
	return r.RawPath, "", routed
}

// id returns API Gateway's request id, which is also in the access log. For a direct invocation, it
// returns Lambda's request id.
func (r request) id(ctx context.Context) string {
	if r.RequestContext.RequestID != "" {
		return r.RequestContext.RequestID
	}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

// contentHeaders returns the headers that describe the body. For a direct invocation, the default
// Content-Type is application/json.
func (r request) contentHeaders() map[string]string {
	if _, present := r.Headers["content-type"]; present || r.overHTTP() {
		return r.Headers
	}
	headers := map[string]string{"content-type": "application/json"}
	maps.Copy(headers, r.Headers)
	return headers
}

// body returns the body without the base64 encoding of API Gateway.
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
