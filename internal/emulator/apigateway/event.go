package apigateway

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
)

// event represents the event that a function receives, in payload format 2.0. The fields are in
// API Gateway's order.
type event struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	Body                  *string           `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string         `json:"accountId"`
	APIID        string         `json:"apiId"`
	Authorizer   map[string]any `json:"authorizer,omitempty"`
	DomainName   string         `json:"domainName"`
	DomainPrefix string         `json:"domainPrefix"`
	HTTP         struct {
		Method    string `json:"method"`
		Path      string `json:"path"`
		Protocol  string `json:"protocol"`
		SourceIP  string `json:"sourceIp"`
		UserAgent string `json:"userAgent"`
	} `json:"http"`
	RequestID string `json:"requestId"`
	RouteKey  string `json:"routeKey"`
	Stage     string `json:"stage"`
	Time      string `json:"time"`
	TimeEpoch int64  `json:"timeEpoch"`
}

func (x *exchange) event(body []byte) event {
	r, api := x.request, x.handler.api
	e := event{
		Version:               "2.0",
		RouteKey:              x.route.Key,
		RawPath:               r.URL.Path,
		RawQueryString:        r.URL.RawQuery,
		Cookies:               cookies(r.Header),
		Headers:               x.headers(),
		QueryStringParameters: queryParameters(r.URL.RawQuery),
		PathParameters:        x.route.pathParameters,
		RequestContext: requestContext{
			AccountID:    api.Account,
			APIID:        api.ID,
			Authorizer:   x.caller,
			DomainName:   api.domainName(),
			DomainPrefix: api.ID,
			RequestID:    x.id,
			RouteKey:     x.route.Key,
			Stage:        x.stage.Name,
			Time:         x.start.UTC().Format("02/Jan/2006:15:04:05 +0000"),
			TimeEpoch:    x.start.UnixMilli(),
		},
	}
	call := &e.RequestContext.HTTP
	call.Method, call.Path, call.Protocol = r.Method, r.URL.Path, r.Proto
	call.SourceIP, call.UserAgent = x.sourceIP(), r.UserAgent()
	if len(body) > 0 {
		text, isBase64 := encodeBody(r.Header.Get("Content-Type"), body)
		e.Body, e.IsBase64Encoded = &text, isBase64
	}
	return e
}

// encodeBody returns a body unchanged if it is valid UTF-8 and its content type is text. Otherwise
// it encodes the body in base64.
func encodeBody(contentType string, body []byte) (text string, isBase64 bool) {
	if isText(contentType) && utf8.Valid(body) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

// isText reports whether API Gateway treats a content type as text. AWS does not document this.
// Measurements show that forms, types such as application/problem+json, and a missing content type
// are not text.
func isText(contentType string) bool {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch media = strings.TrimSpace(media); media {
	case "application/javascript", "application/json", "application/xml":
		return true
	}
	return strings.HasPrefix(media, "text/")
}

// headers returns the headers of the event, with names in lower case. It omits Cookie, and adds the
// headers that API Gateway adds. Commas join the values of a repeated header.
func (x *exchange) headers() map[string]string {
	r := x.request
	all := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		if name != "Cookie" {
			all[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	if r.ContentLength >= 0 {
		all["content-length"] = fmt.Sprint(r.ContentLength)
	}
	x.addForwarded(all)
	return all
}

// addForwarded adds the headers x-forwarded-* and x-amzn-trace-id. The forwarded protocol and port
// are those of the local API, so that a function can build working links.
func (x *exchange) addForwarded(all map[string]string) {
	clients := []string{x.sourceIP()}
	if before := all["x-forwarded-for"]; before != "" {
		clients = append([]string{before}, clients...)
	}
	all["x-forwarded-for"] = strings.Join(clients, ", ")
	all["x-forwarded-proto"] = "http"
	all["x-forwarded-port"] = "80"
	if _, port, err := net.SplitHostPort(x.request.Host); err == nil {
		all["x-forwarded-port"] = port
	}
	id := strings.ReplaceAll(x.id, "-", "")
	trace := fmt.Sprintf("1-%08x-%s", x.start.Unix(), id[:24])
	if before := all["x-amzn-trace-id"]; before != "" {
		all["x-amzn-trace-id"] = "Self=" + trace + ";" + before
		return
	}
	all["x-amzn-trace-id"] = "Root=" + trace
}

func (x *exchange) sourceIP() string {
	ip, _, _ := net.SplitHostPort(x.request.RemoteAddr)
	return ip
}

func cookies(h http.Header) []string {
	var all []string
	for _, line := range h["Cookie"] {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				all = append(all, cookie)
			}
		}
	}
	return all
}

// queryParameters returns the parameters of the query. Commas join the values of a repeated
// parameter.
func queryParameters(query string) map[string]string {
	values, _ := url.ParseQuery(query) // like API Gateway, skip malformed parameters
	if len(values) == 0 {
		return nil
	}
	all := make(map[string]string, len(values))
	for name, v := range values {
		all[name] = strings.Join(v, ",")
	}
	return all
}

// functionResponse represents a function's response in format 2.0.
type functionResponse struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Cookies         []string          `json:"cookies"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

// parseResponse converts a function's payload into a response to the client. A payload without
// statusCode becomes the body of a response with status 200.
func parseResponse(payload []byte) (httpResponse, error) {
	var in functionResponse
	var probe struct {
		StatusCode *json.RawMessage `json:"statusCode"`
	}
	if jsonv2.Unmarshal(payload, &probe) != nil || probe.StatusCode == nil {
		return inferResponse(payload)
	}
	if err := jsonv2.Unmarshal(payload, &in); err != nil {
		return httpResponse{}, fmt.Errorf("parse the function's response: %w", err)
	}
	if in.StatusCode < 200 || in.StatusCode > 599 {
		return httpResponse{},
			fmt.Errorf("the function's statusCode must be from 200 to 599, got %d",
				in.StatusCode)
	}
	out := httpResponse{status: in.StatusCode, header: http.Header{}, body: []byte(in.Body)}
	if in.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(in.Body)
		if err != nil {
			return httpResponse{}, fmt.Errorf("decode the function's body: %w", err)
		}
		out.body = body
	}
	for name, value := range in.Headers {
		out.header.Set(name, value)
	}
	for _, cookie := range in.Cookies {
		out.header.Add("Set-Cookie", cookie)
	}
	out.header.Del("Content-Length") // set by the gateway
	out.header.Del("Transfer-Encoding")
	if out.header.Get("Content-Type") == "" {
		out.header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return out, nil
}

func inferResponse(payload []byte) (httpResponse, error) {
	if !json.Valid(payload) {
		return httpResponse{}, errors.New("the function's response must be JSON")
	}
	header := http.Header{"Content-Type": {"application/json"}}
	out := httpResponse{http.StatusOK, header, payload}
	var text string
	if json.Unmarshal(payload, &text) == nil && payload[0] == '"' {
		out.body = []byte(text)
	}
	return out, nil
}
