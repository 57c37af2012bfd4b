package apigateway

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
)

func TestStages_ServePathsThatBeginWithTheirNames(t *testing.T) {
	for _, c := range []struct {
		stages              []string
		path                string
		status              int
		stage, rawPath, key string
	}{
		{[]string{"v1"}, "/v1/events/1", 200, "v1", "/v1/events/1", "GET /events/{eventId}"},
		{[]string{"v1"}, "/events/1", 404, "", "", ""},
		{[]string{"v1"}, "/v1events/1", 404, "", "", ""},
		{[]string{"v1", DefaultStage}, "/v1/health", 200, "v1", "/v1/health", "GET /health"},
		{[]string{"v1", DefaultStage}, "/health", 200, DefaultStage, "/health", "GET /health"},
		{[]string{"v1", "v2"}, "/v2/health", 200, "v2", "/v2/health", "GET /health"},
		{nil, "/health", 404, "", "", ""},
	} {
		h := newHandler(t, func(a *API) {
			a.Stages = nil
			for _, name := range c.stages {
				a.Stages = append(a.Stages, Stage{Name: name})
			}
		})
		w := serve(h, httptest.NewRequest("GET", c.path, nil))
		if w.Code == 404 && c.status == 404 {
			expectError(t, w, 404, "Not Found")
			continue
		}
		var got event
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		context := got.RequestContext
		if w.Code != c.status || context.Stage != c.stage || got.RawPath != c.rawPath ||
			context.HTTP.Path != c.rawPath || got.RouteKey != c.key {
			t.Errorf("%v, %s: got %d, %+v", c.stages, c.path, w.Code, got)
		}
	}
}

func TestStages_AuthorizeTheRouteWithoutTheStage(t *testing.T) {
	var count int
	var got map[string]any
	h, _ := newAuthorizedHandler(t, lambdaAuthorizer(), func(a *API) {
		respondAndCount(`{"isAuthorized":true}`, &count, &got)(a)
		a.Stages = []Stage{{Name: "v1"}}
	})
	r := tenantRequest("secret")
	r.URL.Path = "/v1" + r.URL.Path
	serve(h, r)
	const want = "arn:aws:execute-api:us-east-1:000000000000:abc123/v1/GET/events/1"
	if got["routeArn"] != want {
		t.Errorf("got the event %v, want the ARN %s", got, want)
	}
}

func TestStages_HaveTheirOwnLimitsAndLogs(t *testing.T) {
	lines := map[string]string{}
	h := newHandler(t, func(a *API) {
		a.Stages = []Stage{
			{Name: DefaultStage, LogGroup: "a", LogFormat: "$context.stage $context.path"},
			{
				Name: "v1", LogGroup: "b", LogFormat: "$context.path",
				RateLimit: new(1.0), BurstLimit: new(1.0),
			},
			{Name: "v2"},
		}
		a.WriteLog = func(group string, line []byte) { lines[group] += string(line) + "\n" }
	})
	for i, path := range []string{"/v1/health", "/v1/health", "/health", "/v2/health"} {
		want := 200
		if i == 1 {
			want = 429
		}
		if w := serve(h, httptest.NewRequest("GET", path, nil)); w.Code != want {
			t.Errorf("request %d: got %d, want %d", i, w.Code, want)
		}
	}
	if len(lines) != 2 || lines["a"] != "$default /health\n" ||
		lines["b"] != "/v1/health\n/v1/health\n" {
		t.Errorf("got the lines %q", lines)
	}
}
