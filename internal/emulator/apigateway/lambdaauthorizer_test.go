package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// respondAndCount returns a func that configures the functions of an API. The authorizer function:
//
//   - returns the response, or fails if the response is "crash" or "gone"
//   - counts its invocations in *count
//   - stores its event in *last if last is not nil
//
// All other functions echo the event.
func respondAndCount(response string, count *int, last *map[string]any) func(*API) {
	return func(a *API) {
		a.Invoke = func(ctx context.Context, function string, payload []byte) (Result, error) {
			if function != "authorizer" {
				return echo(ctx, function, payload)
			}
			*count++
			if last != nil {
				if err := json.Unmarshal(payload, last); err != nil {
					return Result{}, err
				}
			}
			switch response {
			case "crash":
				payload := []byte(`{"errorMessage":"boom"}`)
				return Result{FunctionError: "Unhandled", Payload: payload}, nil
			case "gone":
				return Result{}, errors.New("no such function")
			}
			return Result{Payload: []byte(response)}, nil
		}
	}
}

func lambdaAuthorizer() *Lambda {
	return &Lambda{Function: "authorizer", Simple: true, IdentitySource: []string{
		"$request.header.Authorization", "$request.querystring.tenant",
	}}
}

func tenantRequest(authorization string) *http.Request {
	r := httptest.NewRequest("GET", "/events/1?tenant=t&q=1", nil)
	r.Header.Set("Authorization", authorization)
	return r
}

func TestLambda_GetsTheRequestWithoutBody(t *testing.T) {
	var count int
	var got map[string]any
	h, _ := newAuthorizedHandler(t, lambdaAuthorizer(),
		respondAndCount(`{"isAuthorized":true}`, &count, &got))
	serve(h, tenantRequest("secret"))
	context := got["requestContext"].(map[string]any)
	delete(got, "requestContext")
	delete(got["headers"].(map[string]any), "x-amzn-trace-id") // different for each request
	want := map[string]any{
		"version": "2.0", "type": "REQUEST", "identitySource": []any{"secret", "t"},
		"routeArn": "arn:aws:execute-api:us-east-1:000000000000:abc123/$default/GET/events/1",
		"routeKey": "GET /events/{eventId}", "rawPath": "/events/1",
		"rawQueryString": "tenant=t&q=1",
		"headers": map[string]any{"authorization": "secret", "host": "example.com",
			"content-length": "0", "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "80",
			"x-forwarded-proto": "http"},
		"queryStringParameters": map[string]any{"tenant": "t", "q": "1"},
		"pathParameters":        map[string]any{"eventId": "1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if context["apiId"] != "abc123" || context["authorizer"] != nil {
		t.Errorf("request context %v", context)
	}
}

func TestLambda_PassesTheContextToTheFunction(t *testing.T) {
	const policy = `{"principalId":"anna","policyDocument":{"Version":"2012-10-17",` +
		`"Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}`
	for _, c := range []struct {
		simple         bool
		response, want string
	}{
		{true, `{"isAuthorized":true,"context":{"sub":"anna","n":12345678901234567890,` +
			`"roles":["a"]}}`,
			`{"lambda":{"sub":"anna","n":12345678901234567890,"roles":["a"]}}`},
		{true, `{"isAuthorized":true}`, `{"lambda":null}`},
		{false, policy + `,"context":{"sub":"anna"}}`, `{"lambda":{"sub":"anna"}}`},
		{false, policy + `}`, `{"lambda":null}`}, // the principalId is not passed on
	} {
		l, count := lambdaAuthorizer(), 0
		l.Simple = c.simple
		h, _ := newAuthorizedHandler(t, l, respondAndCount(c.response, &count, nil))
		var want any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		diff := cmp.Diff(want, caller(t, serve(h, tenantRequest("secret"))))
		if diff != "" || count != 1 {
			t.Errorf("%s: invoked %d times, authorizer (-want +got):\n%s", c.response, count, diff)
		}
	}
}

func TestLambda_RejectsDeniedAndMalformedResponses(t *testing.T) {
	const internalError = "Internal Server Error"
	for response, c := range map[string]struct {
		simple bool
		status int
		text   string
	}{
		`{"isAuthorized":false,"context":{"sub":"anna"}}`: {true, 403, "Forbidden"},
		`{"isAuthorized":"true"}`:                         {true, 500, internalError},
		`{"isAuthorized":null}`:                           {true, 500, internalError},
		`{"isAuthorized":false,"IsAuthorized":true}`:      {true, 403, "Forbidden"},
		`{"IsAuthorized":true}`:                           {true, 500, internalError},
		`{}`:                                              {true, 500, internalError},
		`true`:                                            {true, 500, internalError},
		`hello`:                                           {true, 500, internalError},
		`crash`:                                           {true, 500, internalError},
		`gone`:                                            {true, 500, internalError},
		`{"isAuthorized":true}`:                           {false, 500, internalError},
		`{"principalId":"a","policyDocument":{"Statement":[]}}`:      {false, 403, "Forbidden"},
		`{"principalId":"a","policyDocument":{}}`:                    {false, 403, "Forbidden"},
		`{"principalId":"a"}`:                                        {false, 500, internalError},
		`{"policyDocument":{"Statement":[]}}`:                        {false, 500, internalError},
		`{"principalId":"a","policyDocument":{"Statement":"Allow"}}`: {false, 500, internalError},
		`{"principalId":"a","policyDocument":{"Statement":{"Effect":"allow","Action":"*",` +
			`"Resource":"*"}}}`: {false, 500, internalError},
	} {
		l, count := lambdaAuthorizer(), 0
		l.Simple = c.simple
		h, line := newAuthorizedHandler(t, l, respondAndCount(response, &count, nil))
		expectError(t, serve(h, tenantRequest("secret")), c.status, c.text)
		if reason, _ := (*line)["authorizerError"].(string); reason == "" || count != 1 {
			t.Errorf("%s: invoked %d times, access log %v", response, count, *line)
		}
	}
}

func TestLambda_MustRespondWithinTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newAuthorizedHandler(t, lambdaAuthorizer(), func(a *API) {
			a.Invoke = func(ctx context.Context, _ string, _ []byte) (Result, error) {
				<-ctx.Done()
				return Result{}, ctx.Err()
			}
		})
		begin := time.Now()
		w := serve(h, tenantRequest("secret"))
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("the request took %s, want 10s", took)
		}
		expectError(t, w, http.StatusInternalServerError, "Internal Server Error")
	})
}

func TestLambda_IsNotInvokedWithoutTheIdentitySource(t *testing.T) {
	var count int
	h, _ := newAuthorizedHandler(t, lambdaAuthorizer(),
		respondAndCount(`{"isAuthorized":true}`, &count, nil))
	noQuery := httptest.NewRequest("GET", "/events/1?tenant=", nil)
	noQuery.Header.Set("Authorization", "secret")
	for _, r := range []*http.Request{tenantRequest(""), noQuery} {
		expectError(t, serve(h, r), http.StatusUnauthorized, "Unauthorized")
	}
	if count != 0 {
		t.Errorf("invoked %d times", count)
	}
}

func TestLambda_CachesDecisionsPerIdentity(t *testing.T) {
	l, count, now := lambdaAuthorizer(), 0, start
	l.CacheTTL = time.Minute
	h, _ := newAuthorizedHandler(t, l, func(a *API) {
		respondAndCount(`{"isAuthorized":true,"context":{"sub":"anna"}}`, &count, nil)(a)
		a.Now = func() time.Time { return now }
	})
	expect := func(authorization string, want int) {
		t.Helper()
		if w := serve(h, tenantRequest(authorization)); w.Code != http.StatusOK || count != want {
			t.Errorf("%s: got %d after %d invocations, want %d", authorization, w.Code, count, want)
		}
	}
	expect("a", 1)
	expect("a", 1)
	expect("b", 2)
	now = now.Add(time.Minute)
	expect("a", 3)
}

// A cached decision applies to all routes if the identity does not contain the route key.
func TestLambda_CachesDecisionsPerRouteKey(t *testing.T) {
	for _, perRoute := range []bool{false, true} {
		l, count := lambdaAuthorizer(), 0
		l.CacheTTL, l.IdentitySource = time.Minute, []string{"$request.header.Authorization"}
		if perRoute {
			l.IdentitySource = append(l.IdentitySource, "$context.routeKey")
		}
		h, _ := newAuthorizedHandler(t, l, respondAndCount(`{"isAuthorized":true}`, &count, nil))
		for _, target := range []string{"GET /events/1", "POST /events"} {
			method, path, _ := strings.Cut(target, " ")
			r := httptest.NewRequest(method, path, nil)
			r.Header.Set("Authorization", "a")
			serve(h, r)
		}
		if want := map[bool]int{false: 1, true: 2}[perRoute]; count != want {
			t.Errorf("per route %t: invoked %d times, want %d", perRoute, count, want)
		}
	}
}

func TestLambda_EvaluatesPolicies(t *testing.T) {
	const arn = "arn:aws:execute-api:us-east-1:000000000000:abc123/$default/GET/events/1"
	for statements, want := range map[string]bool{
		`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"` + arn +
			`"}`: true,
		`[{"Effect":"Allow","Action":["EXECUTE-API:*"],"Resource":["x",` +
			`"arn:aws:execute-api:*/GET/*"]}]`: true,
		`{"Effect":"Allow","Action":"*","Resource":"arn:aws:*:us-east-?:*:abc123/*"}`: true,
		`{"Effect":"Allow","Action":"*","Resource":"*/POST/*"}`:                       false,
		`{"Effect":"Allow","Action":"execute-api:Invoke",` +
			`"Resource":"arn:aws:execute-api:us-east-1:000000000000:abc123"}`: false,
		`{"Effect":"Allow","Action":"execute-api:Manage*","Resource":"*"}`:   false,
		`{"Effect":"Allow","Action":"*","Resource":"arn.aws:execute-api:*"}`: false,
		`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*",` +
			`"Resource":"*/events/1"}]`: false,
		`[{"Effect":"Deny","Action":"*","Resource":"*/events/2"},{"Effect":"Allow","Action":"*",` +
			`"Resource":"*"}]`: true,
		`[]`: false,
	} {
		got, err := (&Lambda{}).allows(policyDecision(statements), arn)
		if err != nil || got != want {
			t.Errorf("%s: got %t, %v", statements, got, err)
		}
	}
}

// policyDecision returns a decision whose policy contains the statements.
func policyDecision(statements string) decision {
	principal, policy := "anna", json.RawMessage(`{"Statement":`+statements+`}`)
	return decision{PrincipalID: &principal, PolicyDocument: &policy}
}

func TestLambda_RejectsUnsupportedPolicies(t *testing.T) {
	for _, part := range []string{
		`"NotAction":"s3:*"`, `"NotResource":"x"`, `"Principal":"*"`,
		`"Condition":{"Bool":{"aws:SecureTransport":"true"}}`,
	} {
		statement := `{"Effect":"Allow","Action":"*","Resource":"*",` + part + `}`
		if got, err := (&Lambda{}).allows(policyDecision(statement), "arn"); err == nil || got {
			t.Errorf("%s: got %t, %v", part, got, err)
		}
	}
}

func TestCheckIdentitySource(t *testing.T) {
	for source, supported := range map[string]bool{
		"$request.header.Authorization": true, "$request.querystring.a": true,
		"$context.routeKey": true, "$context.identity.sourceIp": true,
		"$context.secret": false, "$stageVariables.a": false, "Authorization": false, "": false,
	} {
		if err := CheckIdentitySource(source); (err == nil) != supported {
			t.Errorf("%q: %v", source, err)
		}
	}
}
