package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// doorman has the function "doorman" answer with answer, and counts how often it is asked. Others echo.
func doorman(answer string, asked *int, last *map[string]any) func(*API) {
	return func(a *API) {
		a.Invoke = func(ctx context.Context, function string, payload []byte) (Result, error) {
			if function != "doorman" {
				return echo(ctx, function, payload)
			}
			*asked++
			if last != nil {
				if err := json.Unmarshal(payload, last); err != nil {
					return Result{}, err
				}
			}
			switch answer {
			case "crash":
				return Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"boom"}`)}, nil
			case "gone":
				return Result{}, errors.New("no such function")
			}
			return Result{Payload: []byte(answer)}, nil
		}
	}
}

func simple() *Lambda {
	return &Lambda{Function: "doorman", Simple: true, IdentitySource: []string{"$request.header.Authorization", "$request.querystring.tenant"}}
}

func knocking(authorization string) *http.Request {
	r := httptest.NewRequest("GET", "/events/1?tenant=t&q=1", nil)
	r.Header.Set("Authorization", authorization)
	return r
}

func TestLambda_IsAskedWithTheRequestButTheBody(t *testing.T) {
	var asked int
	var got map[string]any
	h, _ := guarded(t, simple(), doorman(`{"isAuthorized":true}`, &asked, &got))
	do(h, knocking("secret"))
	context := got["requestContext"].(map[string]any)
	delete(got, "requestContext")
	want := map[string]any{
		"version": "2.0", "type": "REQUEST", "routeArn": "arn:aws:execute-api:us-east-1:000000000000:abc123/$default/GET/events/1",
		"identitySource": []any{"secret", "t"}, "routeKey": "GET /events/{eventId}", "rawPath": "/events/1", "rawQueryString": "tenant=t&q=1",
		"headers":               map[string]any{"authorization": "secret", "host": "example.com", "content-length": "0"},
		"queryStringParameters": map[string]any{"tenant": "t", "q": "1"}, "pathParameters": map[string]any{"eventId": "1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if context["apiId"] != "abc123" || context["authorizer"] != nil {
		t.Errorf("request context %v", context)
	}
}

func TestLambda_HandsItsContextOn(t *testing.T) {
	const policy = `{"principalId":"anna","policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}`
	for _, c := range []struct {
		simple       bool
		answer, want string
	}{
		{true, `{"isAuthorized":true,"context":{"sub":"anna","n":12345678901234567890,"roles":["a"]}}`, `{"lambda":{"sub":"anna","n":12345678901234567890,"roles":["a"]}}`},
		{true, `{"isAuthorized":true}`, `{"lambda":null}`},
		{false, policy + `,"context":{"sub":"anna"}}`, `{"lambda":{"sub":"anna"}}`},
		{false, policy + `}`, `{"lambda":null}`}, // the principalId is not the function's business
	} {
		l, asked := simple(), 0
		l.Simple = c.simple
		h, _ := guarded(t, l, doorman(c.answer, &asked, nil))
		var want any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, caller(t, do(h, knocking("secret")))); diff != "" || asked != 1 {
			t.Errorf("%s: asked %d times, authorizer (-want +got):\n%s", c.answer, asked, diff)
		}
	}
}

func TestLambda_RefusesWhatTheFunctionDoes(t *testing.T) {
	for answer, c := range map[string]struct {
		simple bool
		status int
		text   string
	}{
		`{"isAuthorized":false,"context":{"sub":"anna"}}`: {true, 403, "Forbidden"},
		`{"isAuthorized":"true"}`:                         {true, 500, "Internal Server Error"},
		`{"isAuthorized":null}`:                           {true, 500, "Internal Server Error"},
		`{}`:                                              {true, 500, "Internal Server Error"},
		`true`:                                            {true, 500, "Internal Server Error"},
		`hello`:                                           {true, 500, "Internal Server Error"},
		`crash`:                                           {true, 500, "Internal Server Error"},
		`gone`:                                            {true, 500, "Internal Server Error"},
		`{"isAuthorized":true}`:                           {false, 500, "Internal Server Error"}, // a policy is wanted
		`{"principalId":"a","policyDocument":{"Statement":[]}}`:                                             {false, 403, "Forbidden"},
		`{"principalId":"a","policyDocument":{}}`:                                                           {false, 403, "Forbidden"},
		`{"principalId":"a"}`:                                                                               {false, 500, "Internal Server Error"},
		`{"policyDocument":{"Statement":[]}}`:                                                               {false, 500, "Internal Server Error"},
		`{"principalId":"a","policyDocument":{"Statement":"Allow"}}`:                                        {false, 500, "Internal Server Error"},
		`{"principalId":"a","policyDocument":{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}}`: {false, 500, "Internal Server Error"},
	} {
		l, asked := simple(), 0
		l.Simple = c.simple
		h, line := guarded(t, l, doorman(answer, &asked, nil))
		wantRefusal(t, do(h, knocking("secret")), c.status, c.text)
		if reason, _ := (*line)["authorizerError"].(string); reason == "" || asked != 1 {
			t.Errorf("%s: asked %d times, access log %v", answer, asked, *line)
		}
	}
}

func TestLambda_IsNotAskedWithoutItsIdentitySource(t *testing.T) {
	var asked int
	h, _ := guarded(t, simple(), doorman(`{"isAuthorized":true}`, &asked, nil))
	noQuery := httptest.NewRequest("GET", "/events/1?tenant=", nil)
	noQuery.Header.Set("Authorization", "secret")
	for _, r := range []*http.Request{knocking(""), noQuery} {
		wantRefusal(t, do(h, r), http.StatusUnauthorized, "Unauthorized")
	}
	if asked != 0 {
		t.Errorf("asked %d times", asked)
	}
}

func TestLambda_AnswersHoldForTheSameIdentity(t *testing.T) {
	l, asked, now := simple(), 0, start
	l.CacheTTL = time.Minute
	h, _ := guarded(t, l, func(a *API) {
		doorman(`{"isAuthorized":true,"context":{"sub":"anna"}}`, &asked, nil)(a)
		a.Now = func() time.Time { return now }
	})
	knock := func(authorization string, want int) {
		t.Helper()
		if w := do(h, knocking(authorization)); w.Code != http.StatusOK || asked != want {
			t.Errorf("%s: got %d after %d questions, want %d", authorization, w.Code, asked, want)
		}
	}
	knock("a", 1)
	knock("a", 1)
	knock("b", 2)
	now = now.Add(time.Minute)
	knock("a", 3)
}

// What is allowed for one route must not be for another because it is still known: that is what the route key is for.
func TestLambda_AnswersHoldForTheSameRouteOnlyIfThatIsPartOfTheIdentity(t *testing.T) {
	for _, perRoute := range []bool{false, true} {
		l, asked := simple(), 0
		l.CacheTTL, l.IdentitySource = time.Minute, []string{"$request.header.Authorization"}
		if perRoute {
			l.IdentitySource = append(l.IdentitySource, "$context.routeKey")
		}
		h, _ := guarded(t, l, doorman(`{"isAuthorized":true}`, &asked, nil))
		for _, target := range []string{"GET /events/1", "POST /events"} {
			method, path, _ := strings.Cut(target, " ")
			r := httptest.NewRequest(method, path, nil)
			r.Header.Set("Authorization", "a")
			do(h, r)
		}
		if want := map[bool]int{false: 1, true: 2}[perRoute]; asked != want {
			t.Errorf("per route %t: asked %d times, want %d", perRoute, asked, want)
		}
	}
}

func TestPolicy_AllowsWhatAStatementAllowsAndNoneDenies(t *testing.T) {
	const arn = "arn:aws:execute-api:us-east-1:000000000000:abc123/$default/GET/events/1"
	for statements, want := range map[string]bool{
		`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"` + arn + `"}`:                                       true,
		`[{"Effect":"Allow","Action":["EXECUTE-API:*"],"Resource":["x","arn:aws:execute-api:*/GET/*"]}]`:                  true,
		`{"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:us-east-?:*:abc123/*"}`:                           true,
		`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*/POST/*"}`:                                          false,
		`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:000000000000:abc123"}`: false,
		`{"Effect":"Allow","Action":"execute-api:ManageConnections","Resource":"*"}`:                                      false,
		`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn.aws:execute-api:*"}`:                             false,
		`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*/events/1"}]`:         false,
		`[{"Effect":"Deny","Action":"*","Resource":"*/events/2"},{"Effect":"Allow","Action":"*","Resource":"*"}]`:         true,
		`[]`: false,
	} {
		var p policyDocument
		if err := json.Unmarshal([]byte(`{"Statement":`+statements+`}`), &p); err != nil {
			t.Fatal(err)
		}
		if got, err := p.allows(arn); err != nil || got != want {
			t.Errorf("%s: got %t, %v", statements, got, err)
		}
	}
}

func TestPolicy_IsNotGuessedAt(t *testing.T) {
	for _, part := range []string{`"NotAction":"s3:*"`, `"NotResource":"x"`, `"Condition":{}`, `"Principal":"*"`} {
		var p policyDocument
		if err := json.Unmarshal([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*",`+part+`}}`), &p); err != nil {
			t.Fatal(err)
		}
		if got, err := p.allows("arn"); err == nil || got {
			t.Errorf("%s: got %t, %v", part, got, err)
		}
	}
}

func TestCheckIdentitySource_KnowsWhatItCanFind(t *testing.T) {
	for source, known := range map[string]bool{
		"$request.header.Authorization": true, "$request.querystring.a": true, "$context.routeKey": true, "$context.identity.sourceIp": true,
		"$context.secret": false, "$stageVariables.a": false, "Authorization": false, "": false,
	} {
		if err := CheckIdentitySource(source); (err == nil) != known {
			t.Errorf("%q: %v", source, err)
		}
	}
}
