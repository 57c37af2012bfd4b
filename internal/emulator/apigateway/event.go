package apigateway

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// event is what a function gets: payload format 2.0, with the fields in API Gateway's order.
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

// stage is the only one.
const stage = "$default"

func (x *exchange) event(body []byte) event {
	r, api := x.request, x.handler.api
	e := event{
		Version:               "2.0",
		RouteKey:              x.match.Key,
		RawPath:               r.URL.Path,
		RawQueryString:        r.URL.RawQuery,
		Cookies:               cookies(r.Header),
		Headers:               headers(r),
		QueryStringParameters: parameters(r.URL.RawQuery),
		PathParameters:        x.match.parameters,
		RequestContext: requestContext{
			AccountID:    api.Account,
			APIID:        api.ID,
			Authorizer:   x.caller,
			DomainName:   fmt.Sprintf("%s.execute-api.%s.amazonaws.com", api.ID, api.Region),
			DomainPrefix: api.ID,
			RequestID:    x.id,
			RouteKey:     x.match.Key,
			Stage:        stage,
			Time:         x.start.UTC().Format("02/Jan/2006:15:04:05 +0000"),
			TimeEpoch:    x.start.UnixMilli(),
		},
	}
	http := &e.RequestContext.HTTP
	http.Method, http.Path, http.Protocol, http.UserAgent = r.Method, r.URL.Path, r.Proto, r.UserAgent()
	http.SourceIP, _, _ = net.SplitHostPort(r.RemoteAddr)
	if len(body) > 0 {
		text, encoded := bodyText(r.Header.Get("Content-Type"), body)
		e.Body, e.IsBase64Encoded = &text, encoded
	}
	return e
}

// bodyText is the body as text if its type says that it is, and it can be; else in base64.
func bodyText(contentType string, body []byte) (text string, encoded bool) {
	if isText(contentType) && utf8.Valid(body) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

func isText(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch media {
	case "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded":
		return true
	}
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "+xml")
}

// headers are in lower case, repeats joined by commas; cookies have their own place.
func headers(r *http.Request) map[string]string {
	all := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		if name != "Cookie" {
			all[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	if r.ContentLength >= 0 {
		all["content-length"] = fmt.Sprint(r.ContentLength)
	}
	return all
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

// parameters are the query's, repeats joined by commas.
func parameters(query string) map[string]string {
	values, _ := url.ParseQuery(query) // what can't be read is left out, as by API Gateway
	if len(values) == 0 {
		return nil
	}
	all := make(map[string]string, len(values))
	for name, v := range values {
		all[name] = strings.Join(v, ",")
	}
	return all
}

// response is a function's answer in format 2.0.
type response struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Cookies         []string          `json:"cookies"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

// responseOf makes the client's answer. What has no statusCode is itself the body of a 200.
func responseOf(payload []byte) (answer, error) {
	var given response
	var probe struct {
		StatusCode *json.RawMessage `json:"statusCode"`
	}
	if json.Unmarshal(payload, &probe) != nil || probe.StatusCode == nil {
		return inferred(payload)
	}
	if err := json.Unmarshal(payload, &given); err != nil {
		return answer{}, fmt.Errorf("the function's answer is malformed: %w", err)
	}
	if given.StatusCode < 200 || given.StatusCode > 599 {
		return answer{}, fmt.Errorf("the function's answer has the status %d", given.StatusCode)
	}
	out := answer{status: given.StatusCode, header: http.Header{}, body: []byte(given.Body)}
	if given.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(given.Body)
		if err != nil {
			return answer{}, errors.New("the function's answer says that its body is base64, but it is not")
		}
		out.body = body
	}
	for name, value := range given.Headers {
		out.header.Set(name, value)
	}
	for _, cookie := range given.Cookies {
		out.header.Add("Set-Cookie", cookie)
	}
	out.header.Del("Content-Length") // the gateway's own affair
	out.header.Del("Transfer-Encoding")
	if out.header.Get("Content-Type") == "" {
		out.header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return out, nil
}

func inferred(payload []byte) (answer, error) {
	if !json.Valid(payload) {
		return answer{}, errors.New("the function's answer is not JSON")
	}
	out := answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: payload}
	var text string
	if json.Unmarshal(payload, &text) == nil && payload[0] == '"' {
		out.body = []byte(text)
	}
	return out, nil
}
