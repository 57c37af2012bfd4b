package client_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

// sendTo sends an event to an API that answers with a status, headers and a body, and returns the
// problem.
func sendTo(t *testing.T, status int, header http.Header, body string) *client.Problem {
	t.Helper()
	respond := func(w http.ResponseWriter, _ *http.Request) {
		for name := range header {
			w.Header().Set(name, header.Get(name))
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
	c := newClient(t, http.HandlerFunc(respond), client.Options{MaxAttempts: 1})
	_, err := c.Send(t.Context(), event)
	var problem *client.Problem
	if !errors.As(err, &problem) {
		t.Fatalf("got %v, want a Problem", err)
	}
	return problem
}

func TestProblem_HasTheFieldsOfTheResponse(t *testing.T) {
	header := http.Header{"Content-Type": {"application/problem+json; charset=utf-8"}}
	p := sendTo(t, 422, header, `{"type":"t","title":"Bad","status":422,"detail":"No good.",`+
		`"pointer":"/a","requestId":"r"}`)
	if p.Status != 422 || p.Type != "t" || p.Title != "Bad" || p.Detail != "No good." ||
		p.Pointer != "/a" || p.RequestID != "r" || p.Error() != "HTTP 422: No good." {
		t.Errorf("got %+v", p)
	}
}

func TestProblem_ListsTheFirstEvents(t *testing.T) {
	p := client.Problem{Status: 422, Detail: "Bad batch."}
	for i := range 5 {
		p.Errors = append(p.Errors, client.EventProblem{Index: 2 * i, Detail: "Bad."})
	}
	want := "HTTP 422: Bad batch.; event 0: Bad.; event 2: Bad.; event 4: Bad.; and 2 more"
	if p.Error() != want {
		t.Errorf("got %s", p.Error())
	}
}

func TestProblem_ListsEachViolation(t *testing.T) {
	header := http.Header{"Content-Type": {"application/problem+json"}}
	p := sendTo(t, 422, header, `{"status":422,"detail":"No match: no id.","violations":[
		{"keyword":"required","detail":"no id"},
		{"pointer":"/a","keyword":"enum","detail":"must be 1 or 2"}]}`)
	want := []client.Violation{
		{Keyword: "required", Detail: "no id"},
		{Pointer: "/a", Keyword: "enum", Detail: "must be 1 or 2"},
	}
	const text = "HTTP 422: No match: no id.\n  - must be 1 or 2, at \"/a\""
	if !slices.Equal(p.Violations, want) || p.Error() != text {
		t.Errorf("got %+v: %v", p, p)
	}
	batch := client.Problem{Errors: []client.EventProblem{{Detail: "Bad.", Violations: want}}}
	if got := batch.Error(); got != "; event 0: Bad.\n  - must be 1 or 2, at \"/a\"" {
		t.Errorf("got %q", got)
	}
}

func TestProblem_AcceptsAnyResponse(t *testing.T) {
	for body, want := range map[string]string{
		`<html>`: "HTTP 418", `{}`: "HTTP 418", `{"message":"Teapot"}`: "HTTP 418: Teapot",
		`{"message":1}`: "HTTP 418", "": "HTTP 418",
	} {
		if got := sendTo(t, 418, nil, body).Error(); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}

// API Gateway can't answer with problem details. The client therefore converts the errors of API
// Gateway to problems.
func TestProblem_RepresentsErrorsOfAPIGateway(t *testing.T) {
	for status, want := range map[int]string{
		401: "unauthorized", 403: "forbidden", 404: "not-found", 413: "too-large",
		429: "throttled", 500: "failed", 503: "unavailable",
	} {
		header := http.Header{"Apigw-Requestid": {"r-1"}, "Content-Type": {"application/json"}}
		p := sendTo(t, status, header, `{"message":"Oops"}`)
		if p.Status != status || p.Type != "urn:problem-type:eventpipeline:gateway-"+want ||
			p.Title == "" || p.Detail == "" || p.RequestID != "r-1" {
			t.Errorf("%d: %+v", status, p)
		}
	}
}

func TestProblem_SaysWhyATokenIsRejected(t *testing.T) {
	header := http.Header{"Www-Authenticate": {
		`Bearer scope="" error="invalid_token" error_description="the token has expired"`,
	}}
	p := sendTo(t, 401, header, `{"message":"Unauthorized"}`)
	if p.Error() != "HTTP 401: The API rejects the token: the token has expired." {
		t.Errorf("got %v", p)
	}
}
