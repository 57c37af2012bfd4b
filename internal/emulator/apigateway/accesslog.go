package apigateway

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// contextVariable matches a variable in the format of an access log, such as $context.requestId.
var contextVariable = regexp.MustCompile(`\$context\.([\w.]+)`)

// accessLogLine returns the line of the access log for the request, in the format of the stage's
// LogFormat. As in API Gateway, a variable without a value becomes "-".
func (x *exchange) accessLogLine(response httpResponse) []byte {
	variables := x.contextVariables(response)
	return contextVariable.ReplaceAllFunc([]byte(x.stage.LogFormat), func(m []byte) []byte {
		name := strings.TrimRight(string(m[len("$context."):]), ".")
		if value := variables[name]; value != "" {
			return []byte(value)
		}
		return []byte("-")
	})
}

// contextVariables returns the values of the variables that an access log can contain.
func (x *exchange) contextVariables(response httpResponse) map[string]string {
	r, api := x.request, x.handler.api
	latency := strconv.FormatInt(api.Now().Sub(x.start).Milliseconds(), 10)
	variables := map[string]string{
		"accountId":               api.Account,
		"apiId":                   api.ID,
		"authorizer.error":        x.authorizerErr,
		"domainName":              api.domainName(),
		"error.responseType":      x.errorType(response.status),
		"extendedRequestId":       x.id,
		"httpMethod":              r.Method,
		"identity.sourceIp":       x.sourceIP(),
		"identity.userAgent":      r.UserAgent(),
		"integrationErrorMessage": x.integrationErr,
		"path":                    r.URL.Path,
		"protocol":                r.Proto,
		"requestId":               x.id,
		"requestTime":             x.start.UTC().Format("02/Jan/2006:15:04:05 +0000"),
		"requestTimeEpoch":        strconv.FormatInt(x.start.Unix(), 10),
		"responseLatency":         latency,
		"responseLength":          strconv.Itoa(len(response.body)),
		"routeKey":                x.route.Key,
		"stage":                   x.stage.Name,
		"status":                  strconv.Itoa(response.status),
	}
	if caller, ok := x.caller["iam"].(map[string]any); ok {
		variables["identity.caller"], _ = caller["callerId"].(string)
	}
	if x.invoked {
		variables["integrationLatency"], variables["integrationStatus"] = latency, "200"
	}
	return variables
}

// errorType returns the type of an error that API Gateway itself reported, or "".
func (x *exchange) errorType(status int) string {
	switch {
	case x.authorizerErr != "" && status == http.StatusUnauthorized:
		return "UNAUTHORIZED"
	case x.authorizerErr != "" && status == http.StatusForbidden:
		return "ACCESS_DENIED"
	case x.integrationErr != "" && status == http.StatusServiceUnavailable:
		return "INTEGRATION_TIMEOUT"
	case x.integrationErr != "":
		return "INTEGRATION_FAILURE"
	case !x.invoked && status == http.StatusTooManyRequests:
		return "THROTTLED"
	case !x.invoked && status == http.StatusRequestEntityTooLarge:
		return "REQUEST_TOO_LARGE"
	}
	return ""
}
