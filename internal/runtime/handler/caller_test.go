package handler

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const (
	role    = "arn:aws:sts::000000000000:assumed-role/Shop/"
	poolArn = "arn:aws:sts::000000000000:assumed-role/Pool/CognitoIdentityCredentials"
)

// callers are requestContext.authorizer as API Gateway sends it. But for the role, each is another caller.
var callers = map[string]string{
	"anybody":         `{}`,
	"user":            `{"iam":{"userArn":"arn:aws:iam::000000000000:user/shop/anna","cognitoIdentity":null}}`,
	"other user":      `{"iam":{"userArn":"arn:aws:iam::000000000000:user/shop/bert"}}`,
	"role":            `{"iam":{"userArn":"` + role + `session-1"}}`,
	"role, restarted": `{"iam":{"userArn":"` + role + `session-2"}}`,
	"identity":        `{"iam":{"userArn":"` + poolArn + `","cognitoIdentity":{"identityId":"us-east-1:1"}}}`,
	"other identity":  `{"iam":{"userArn":"` + poolArn + `","cognitoIdentity":{"identityId":"us-east-1:2"}}}`,
	"subject":         `{"jwt":{"claims":{"iss":"https://a","sub":"anna"}}}`,
	"other issuer":    `{"jwt":{"claims":{"iss":"https://b","sub":"anna"}}}`,
	"machine":         `{"jwt":{"claims":{"iss":"https://a","client_id":"anna"}}}`,
	"lambda's":        `{"lambda":{"sub":"anna","role":"shop"}}`,
	"other lambda's":  `{"lambda":{"principalId":7}}`,
}

// nobody is what names nobody: no text or number where the identity should be.
var nobody = []string{
	`{}`, `null`, `{"lambda":null}`, `{"lambda":{}}`, `{"lambda":{"sub":true,"principalId":["anna"]}}`, `{"lambda":{"sub":""}}`,
	`{"jwt":{"claims":{"iss":"https://a","email":"anna@example.org"}}}`,
	`{"jwt":{"claims":{"iss":"https://a","SUB":"anna","ſub":"anna","Client_ID":"anna"}}}`, `{"lambda":{"Sub":"anna","PRINCIPALID":7}}`,
	`{"jwt":{"claims":{"iss":"https://a","sub":null}}}`, `{"jwt":{"claims":{"iss":"https://a","sub":7}}}`,
	`{"jwt":{"claims":{"iss":"https://a","sub":["anna"]}}}`, `{"jwt":{"claims":{"iss":"https://a","sub":"\ud800"}}}`, `{"lambda":{"sub":null}}`,
}

// from is a request by a caller.
func from(authorizer, method, path, body string) map[string]any {
	event := httpEvent(method, path, body)
	event["requestContext"].(map[string]any)["authorizer"] = json.RawMessage(authorizer)
	return event
}

func TestStatus_TellsACallerOfItsOwnEventsAlone(t *testing.T) {
	for owner, hers := range callers {
		var w world
		if got := invoke(t, w.api(), from(hers, "POST", "/events", body)); got.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: %+v", owner, got)
		}
		for other, authorizer := range callers {
			want := http.StatusNotFound
			if strings.TrimSuffix(other, ", restarted") == strings.TrimSuffix(owner, ", restarted") {
				want = http.StatusOK
			}
			if got := invoke(t, w.api(), from(authorizer, "GET", "/events/"+id, "")); got.StatusCode != want {
				t.Errorf("an event of %s, looked up by %s: %+v, want %d", owner, other, got, want)
			}
		}
	}
}

func TestStatus_AnotherCallersEventLooksLikeNone(t *testing.T) {
	var w world
	ask := func() response { return invoke(t, w.api(), from(callers["user"], "GET", "/events/"+id, "")) }
	none := ask()
	invoke(t, w.api(), from(callers["other user"], "POST", "/events", body))
	if got := ask(); got.StatusCode != none.StatusCode || got.Body != none.Body {
		t.Errorf("another's event is answered with %+v, none with %+v", got, none)
	}
}

func TestStatus_IsForAllCallersWhenAllowed(t *testing.T) {
	var w world
	api := w.api()
	api.StatusForAllCallers = true
	invoke(t, api, from(callers["user"], "POST", "/events", body))
	if got := invoke(t, api, from(callers["subject"], "GET", "/events/"+id, "")); got.StatusCode != http.StatusOK {
		t.Errorf("got %+v", got)
	}
}

func TestCaller_IsNothingThatTheClientSays(t *testing.T) {
	var w world
	post := from(callers["user"], "POST", "/events", `{"eventType":"demo","caller":"iam arn:aws:iam::000000000000:user/shop/bert"}`)
	post["headers"] = map[string]string{
		"content-type": "application/json", "x-amzn-iam-user-arn": "arn:aws:iam::000000000000:user/shop/bert", "authorization": "Bearer bert", "caller": "bert",
	}
	post["queryStringParameters"] = map[string]string{"caller": "bert"}
	invoke(t, w.api(), post)
	item, err := w.events.Get(t.Context(), id)
	if want := "iam arn:aws:iam::000000000000:user/shop/anna"; err != nil || item.Caller != want || w.queue.Sent()[0].Caller != want {
		t.Errorf("the item's caller is %q, the message's %q, %v; want %q", item.Caller, w.queue.Sent()[0].Caller, err, want)
	}
}

// What a token says besides, in names that look alike, makes nobody another.
func TestCaller_IsInTheClaimsOfThatNameAlone(t *testing.T) {
	for authorizer, want := range map[string]string{
		`{"jwt":{"claims":{"iss":"https://a","sub":"bert","ſub":"anna","SUB":"anna","Iss":"https://b"}}}`: "jwt https://a bert",
		`{"jwt":{"claims":{"ſub":"anna","Iss":"https://b","iss":"https://a","sub":"bert"}}}`:              "jwt https://a bert",
		`{"jwt":{"claims":{"iss":"https://a","client_id":"anna","Sub":"anna"}}}`:                          "jwt-client https://a anna",
		`{"lambda":{"sub":"bert","Sub":"anna","principalId":"carl"}}`:                                     "lambda bert",
		`{"lambda":{"sub":7,"SUB":8}}`:                 "lambda 7",
		`{"lambda":{"sub":true,"principalId":"carl"}}`: "lambda carl",
	} {
		var w world
		invoke(t, w.api(), from(authorizer, "POST", "/events", body))
		if item, err := w.events.Get(t.Context(), id); err != nil || item.Caller != want {
			t.Errorf("%s: the caller is %q, %v; want %q", authorizer, item.Caller, err, want)
		}
	}
}

func TestAPI_ClosedTakesNothingOfNobody(t *testing.T) {
	for _, authorizer := range nobody {
		for _, request := range []map[string]any{from(authorizer, "POST", "/events", body), from(authorizer, "GET", "/events/"+id, "")} {
			var w world
			api := w.api()
			api.Open, api.StatusForAllCallers = false, true
			got := invoke(t, api, request)
			if got.StatusCode != http.StatusForbidden || !strings.Contains(got.Body, string(pipeline.CallerUnknown)) {
				t.Errorf("%s %s: got %+v", request["rawPath"], authorizer, got)
			}
			if len(w.bronze.Keys()) != 0 {
				t.Errorf("%s: something was stored", authorizer)
			}
		}
	}
}

// Whoever may invoke the function needs no API: the contract's {"body":"…"}. Callers by the API don't see those events.
func TestAPI_ClosedTakesADirectInvocation(t *testing.T) {
	var w world
	api := w.api()
	api.Open = false
	if got := invoke(t, api, map[string]string{"body": body}); got.StatusCode != http.StatusAccepted {
		t.Fatalf("got %+v", got)
	}
	direct := map[string]any{"routeKey": "GET /events/{eventId}", "pathParameters": map[string]string{"eventId": id}}
	if got := invoke(t, api, direct); got.StatusCode != http.StatusOK {
		t.Errorf("looked up by invocation: %+v", got)
	}
	if got := invoke(t, api, from(callers["user"], "GET", "/events/"+id, "")); got.StatusCode != http.StatusNotFound {
		t.Errorf("looked up by a caller: %+v", got)
	}
}

func TestAPI_ClosedStillTellsItsHealth(t *testing.T) {
	var w world
	api := w.api()
	api.Open = false
	if got := invoke(t, api, httpEvent("GET", "/health", "")); got.StatusCode != http.StatusOK || got.Body != `{"status":"ok"}` {
		t.Errorf("got %+v", got)
	}
}
