package apigateway

import (
	"fmt"
	"net"
	"strings"
)

// CheckIdentitySource reports a selection expression that identity can't find in a request.
func CheckIdentitySource(expression string) error {
	name, isContext := strings.CutPrefix(expression, "$context.")
	_, known := new(exchange).variables()[name]
	if isHeader(expression) || isQuery(expression) || isContext && known {
		return nil
	}
	return fmt.Errorf("the identity source %s is not known here", expression)
}

const (
	headerPrefix = "$request.header."
	queryPrefix  = "$request.querystring."
)

func isHeader(expression string) bool { return strings.HasPrefix(expression, headerPrefix) }
func isQuery(expression string) bool  { return strings.HasPrefix(expression, queryPrefix) }

// identity finds the value of an identity source in the request. One that is empty is not there.
func (x *exchange) identity(expression string) (value string, ok bool) {
	switch {
	case isHeader(expression):
		value = headers(x.request)[strings.ToLower(strings.TrimPrefix(expression, headerPrefix))]
	case isQuery(expression):
		value = parameters(x.request.URL.RawQuery)[strings.TrimPrefix(expression, queryPrefix)]
	default:
		value = x.variables()[strings.TrimPrefix(expression, "$context.")]
	}
	return value, value != ""
}

// variables are API Gateway's context variables, as far as an identity can be one.
func (x *exchange) variables() map[string]string {
	v := map[string]string{"routeKey": x.match.Key, "httpMethod": "", "path": "", "identity.sourceIp": ""}
	if x.request != nil {
		v["httpMethod"], v["path"] = x.request.Method, x.request.URL.Path
		v["identity.sourceIp"], _, _ = net.SplitHostPort(x.request.RemoteAddr)
	}
	return v
}
