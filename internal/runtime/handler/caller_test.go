package handler

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const (
	role  = "arn:aws:sts::000000000000:assumed-role/Shop/"
	users = "arn:aws:iam::000000000000:user/shop/"
	pool  = `"userArn":"arn:aws:sts::000000000000:assumed-role/Pool/CognitoIdentityCredentials"`
)

// callers holds values of requestContext.authorizer. "role" and "role, restarted" have the same
// caller. All other values have different callers.
var callers = map[string]string{
	"anybody":         `{}`,
	"user":            `{"iam":{"userArn":"` + users + `anna","cognitoIdentity":null}}`,
	"other user":      `{"iam":{"userArn":"` + users + `bert"}}`,
	"role":            `{"iam":{"userArn":"` + role + `session-1"}}`,
	"role, restarted": `{"iam":{"userArn":"` + role + `session-2"}}`,
	"identity":        `{"iam":{` + pool + `,"cognitoIdentity":{"identityId":"us-east-1:1"}}}`,
	"other identity":  `{"iam":{` + pool + `,"cognitoIdentity":{"identityId":"us-east-1:2"}}}`,
	"subject":         `{"jwt":{"claims":{"iss":"https://a","sub":"anna"}}}`,
	"other issuer":    `{"jwt":{"claims":{"iss":"https://b","sub":"anna"}}}`,
	"machine":         `{"jwt":{"claims":{"iss":"https://a","client_id":"anna"}}}`,
	"lambda":          `{"lambda":{"sub":"anna","role":"shop"}}`,
	"other lambda":    `{"lambda":{"principalId":7}}`,
}

// unidentified holds values of requestContext.authorizer that identify no caller.
var unidentified = []string{
	`{}`,
	`null`,
	`{"lambda":null}`,
	`{"lambda":{}}`,
	`{"lambda":{"sub":true,"principalId":["anna"]}}`,
	`{"lambda":{"sub":""}}`,
	`{"jwt":{"claims":{"iss":"https://a","email":"anna@example.org"}}}`,
	`{"jwt":{"claims":{"iss":"https://a","SUB":"anna","ſub":"anna","Client_ID":"anna"}}}`,
	`{"lambda":{"Sub":"anna","PRINCIPALID":7}}`,
	`{"jwt":{"claims":{"iss":"https://a","sub":null}}}`,
	`{"jwt":{"claims":{"iss":"https://a","sub":7}}}`,
	`{"jwt":{"claims":{"iss":"https://a","sub":["anna"]}}}`,
	`{"jwt":{"claims":{"iss":"https://a","sub":"\ud800"}}}`,
	`{"lambda":{"sub":null}}`,
	`{"LAMBDA":{"sub":"anna"},"Jwt":{"claims":{"sub":"anna"}},"IAM":{"userArn":"anna"}}`,
	`{"jwt":{"Claims":{"sub":"anna"}},"iam":{"USERARN":"anna"}}`,
	`{"iam":{"CognitoIdentity":{"identityId":"a"}}}`,
}

// requestBy returns a request with the given authorization.
func requestBy(authorizer, method, path, body string) map[string]any {
	event := httpEvent(method, path, body)
	event["requestContext"].(map[string]any)["authorizer"] = json.RawMessage(authorizer)
	return event
}

func TestStatus_ReturnsOnlyTheCallersEvents(t *testing.T) {
	role := func(name string) string { return strings.TrimSuffix(name, ", restarted") }
	for owner, authorizerOfOwner := range callers {
		var w world
		got := invoke(t, w.api(), requestBy(authorizerOfOwner, "POST", "/events", body))
		if got.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: %+v", owner, got)
		}
		for other, authorizer := range callers {
			want := http.StatusNotFound
			if role(other) == role(owner) {
				want = http.StatusOK
			}
			got := invoke(t, w.api(), requestBy(authorizer, "GET", "/events/"+id, ""))
			if got.StatusCode != want {
				t.Errorf("an event of %s, looked up by %s: %+v, want %d", owner, other, got, want)
			}
		}
	}
}

func TestStatus_HidesExistenceOfOtherCallersEvents(t *testing.T) {
	var w world
	get := requestBy(callers["user"], "GET", "/events/"+id, "")
	ask := func() response { return invoke(t, w.api(), get) }
	none := ask()
	invoke(t, w.api(), requestBy(callers["other user"], "POST", "/events", body))
	if got := ask(); got.StatusCode != none.StatusCode || got.Body != none.Body {
		t.Errorf("got %+v for another caller's event, %+v for an unknown one", got, none)
	}
}

func TestStatus_ReturnsAllCallersEventsIfAllowed(t *testing.T) {
	var w world
	api := w.api()
	api.StatusForAllCallers = true
	invoke(t, api, requestBy(callers["user"], "POST", "/events", body))
	got := invoke(t, api, requestBy(callers["subject"], "GET", "/events/"+id, ""))
	if got.StatusCode != http.StatusOK {
		t.Errorf("got %+v", got)
	}
}

func TestCaller_IgnoresTheClientsData(t *testing.T) {
	var w world
	post := requestBy(callers["user"], "POST", "/events",
		`{"eventType":"demo","caller":"iam arn:aws:iam::000000000000:user/shop/bert"}`)
	post["headers"] = map[string]string{
		"content-type":        "application/json",
		"x-amzn-iam-user-arn": "arn:aws:iam::000000000000:user/shop/bert",
		"authorization":       "Bearer bert",
		"caller":              "bert",
	}
	post["queryStringParameters"] = map[string]string{"caller": "bert"}
	invoke(t, w.api(), post)
	item, err := w.events.Get(t.Context(), id)
	want := "iam arn:aws:iam::000000000000:user/shop/anna"
	if err != nil || item.Caller != want || w.queue.Sent()[0].Caller != want {
		t.Errorf("the item's caller is %q, the message's %q, %v; want %q",
			item.Caller, w.queue.Sent()[0].Caller, err, want)
	}
}

func TestCaller_IgnoresClaimsWithSimilarNames(t *testing.T) {
	for authorizer, want := range map[string]string{
		`{"jwt":{"claims":{"iss":"https://a","sub":"bert",
			"ſub":"anna","SUB":"anna","Iss":"https://b"}}}`: "jwt https://a bert",
		`{"jwt":{"claims":{"ſub":"anna","Iss":"https://b",
			"iss":"https://a","sub":"bert"}}}`: "jwt https://a bert",
		`{"jwt":{"claims":{"iss":"https://a",
			"client_id":"anna","Sub":"anna"}}}`: "jwt-client https://a anna",
		`{"lambda":{"sub":"bert","Sub":"anna","principalId":"carl"}}`: "lambda bert",
		`{"lambda":{"sub":7,"SUB":8}}`:                                "lambda 7",
		`{"lambda":{"sub":true,"principalId":"carl"}}`:                "lambda carl",
	} {
		var w world
		invoke(t, w.api(), requestBy(authorizer, "POST", "/events", body))
		if item, err := w.events.Get(t.Context(), id); err != nil || item.Caller != want {
			t.Errorf("%s: the caller is %q, %v; want %q", authorizer, item.Caller, err, want)
		}
	}
}

func TestAPI_RejectsUnidentifiedCallersUnlessOpen(t *testing.T) {
	for _, authorizer := range unidentified {
		for _, request := range []map[string]any{
			requestBy(authorizer, "POST", "/events", body),
			requestBy(authorizer, "GET", "/events/"+id, ""),
		} {
			var w world
			api := w.api()
			api.OpenToAnyone, api.StatusForAllCallers = false, true
			got := invoke(t, api, request)
			if got.StatusCode != http.StatusForbidden ||
				!strings.Contains(got.Body, string(pipeline.CallerUnknown)) {
				t.Errorf("%s %s: got %+v", request["rawPath"], authorizer, got)
			}
			if len(w.bronze.Keys()) != 0 {
				t.Errorf("%s: the rejected request was stored", authorizer)
			}
		}
	}
}

// A direct invocation has no caller, so no caller of the API can see its events.
func TestAPI_AcceptsDirectInvocationWithoutCaller(t *testing.T) {
	var w world
	api := w.api()
	api.OpenToAnyone = false
	got := invoke(t, api, map[string]string{"body": body})
	if got.StatusCode != http.StatusAccepted {
		t.Fatalf("got %+v", got)
	}
	direct := map[string]any{
		"routeKey":       "GET /events/{eventId}",
		"pathParameters": map[string]string{"eventId": id},
	}
	if got := invoke(t, api, direct); got.StatusCode != http.StatusOK {
		t.Errorf("looked up by a direct invocation: %+v", got)
	}
	got = invoke(t, api, requestBy(callers["user"], "GET", "/events/"+id, ""))
	if got.StatusCode != http.StatusNotFound {
		t.Errorf("looked up by a caller: %+v", got)
	}
}

func TestAPI_ReturnsHealthWithoutCaller(t *testing.T) {
	var w world
	api := w.api()
	api.OpenToAnyone = false
	got := invoke(t, api, httpEvent("GET", "/health", ""))
	if got.StatusCode != http.StatusOK || got.Body != `{"status":"ok"}` {
		t.Errorf("got %+v", got)
	}
}
