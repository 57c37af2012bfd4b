package apigateway

import (
	"fmt"
	"net"
	"strings"
)

// CheckIdentitySource returns an error if the emulator does not support an identity source.
func CheckIdentitySource(expression string) error {
	name, isContext := strings.CutPrefix(expression, "$context.")
	_, known := new(exchange).variables()[name]
	if isHeader(expression) || isQuery(expression) || isContext && known {
		return nil
	}
	return fmt.Errorf("the emulator does not support the identity source %s", expression)
}

const (
	headerPrefix = "$request.header."
	queryPrefix  = "$request.querystring."
)

func isHeader(expression string) bool { return strings.HasPrefix(expression, headerPrefix) }
func isQuery(expression string) bool  { return strings.HasPrefix(expression, queryPrefix) }

// identity returns the value of an identity source. It returns false if the value is empty.
func (x *exchange) identity(expression string) (value string, ok bool) {
	switch {
	case isHeader(expression):
		value = headers(x.request)[strings.ToLower(strings.TrimPrefix(expression, headerPrefix))]
	case isQuery(expression):
		value = queryParameters(x.request.URL.RawQuery)[strings.TrimPrefix(expression, queryPrefix)]
	default:
		value = x.variables()[strings.TrimPrefix(expression, "$context.")]
	}
	return value, value != ""
}

// variables returns the context variables that are supported as identity sources.
func (x *exchange) variables() map[string]string {
	v := map[string]string{"routeKey": x.route.Key, "httpMethod": "", "path": "",
		"identity.sourceIp": ""}
	if x.request != nil {
		v["httpMethod"], v["path"] = x.request.Method, x.request.URL.Path
		v["identity.sourceIp"], _, _ = net.SplitHostPort(x.request.RemoteAddr)
	}
	return v
}
