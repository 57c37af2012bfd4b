package apigateway

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAccessLog_ContainsContextVariables(t *testing.T) {
	for _, c := range []struct{ name, method, path, response, want string }{
		{"success", "GET", "/health", `{"statusCode": 201, "body": "abc"}`,
			"abc123 GET /health 201 3 192.0.2.1 [23/Nov/2026:07:30:00 +0000] 200 - -"},
		{"error of the function", "GET", "/health", `{"statusCode": 503}`,
			"abc123 GET /health 503 0 192.0.2.1 [23/Nov/2026:07:30:00 +0000] 200 - -"},
		{"invalid response", "GET", "/health", `{"statusCode": 600}`, "abc123 GET /health 500 " +
			"35 192.0.2.1 [23/Nov/2026:07:30:00 +0000] 200 INTEGRATION_FAILURE -"},
		{"no route", "GET", "/none", "",
			"abc123 - 404 23 192.0.2.1 [23/Nov/2026:07:30:00 +0000] - - -"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var lines []string
			h := newHandler(t, func(a *API) {
				a.Invoke = respond(c.response)
				a.WriteLog = func(_ string, line []byte) { lines = append(lines, string(line)) }
				a.Stages[0].LogGroup = "g"
				a.Stages[0].LogFormat = "$context.apiId $context.routeKey $context.status " +
					"$context.responseLength $context.identity.sourceIp [$context.requestTime] " +
					"$context.integrationStatus $context.error.responseType $context.unknown"
			})
			w := serve(h, httptest.NewRequest(c.method, c.path, nil))
			if len(lines) != 1 || lines[0] != c.want {
				t.Errorf("got %d %s, lines %q, want %q", w.Code, w.Body, lines, c.want)
			}
		})
	}
}

func TestAccessLog_ContainsRequestIDOfResponse(t *testing.T) {
	var line string
	h := newHandler(t, func(a *API) {
		a.WriteLog = func(_ string, l []byte) { line = string(l) }
		a.Stages[0].LogGroup, a.Stages[0].LogFormat = "g", `{"requestId":"$context.requestId"}`
	})
	w := serve(h, httptest.NewRequest("GET", "/health", strings.NewReader("")))
	if want := `{"requestId":"` + w.Header().Get("Apigw-Requestid") + `"}`; line != want {
		t.Errorf("got %s, want %s", line, want)
	}
}
