package iam

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	awslambda "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

var services = protocol.Services{
	dynamodb.Info, eventbridge.Info, awslambda.Info, s3.Info, sqs.Info, {Name: protocol.Query},
}

// request returns a request in the form of the SDK, signed with the access key of the function
// "worker".
func request(method, url, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	sign(r, "s3")
	if strings.HasPrefix(url, "/2015-03-31/") {
		sign(r, "lambda")
	}
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func sign(r *http.Request, service string) {
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sandbox/20261123/us-east-1/"+
		service+"/aws4_request, SignedHeaders=host, Signature=0")
}

const (
	dynamo = "arn:aws:dynamodb:us-east-1:111122223333:"
	queue  = "arn:aws:sqs:us-east-1:111122223333:q"
	events = "arn:aws:events:us-east-1:111122223333:"
	lambda = "arn:aws:lambda:us-east-1:111122223333:function:"
)

// call returns a request of an AWS JSON protocol.
func call(target, body string) *http.Request { return request("POST", "/", target, body) }

func TestAuthorizer_RequiresAllResourcesIfAServiceHasNoPermissions(t *testing.T) {
	kinesis := protocol.Services{{Name: "kinesis", TargetPrefix: "Kinesis_20131202"}}
	r := call("Kinesis_20131202.PutRecord", "")
	got, err := Authorizer{Services: kinesis}.requiredPermissions(kinesis.ReadCall(r), r)
	if err != nil || fmt.Sprint(got) != "[{kinesis:PutRecord * map[]}]" {
		t.Errorf("got %v, %v", got, err)
	}
}

// api represents a service behind an authorizer. The function "worker" calls the service.
type api struct {
	http.Handler
	status  int
	served  []string // request bodies
	denials []Denial
}

func newAPI(t *testing.T, statements string) *api {
	a := &api{status: http.StatusOK}
	authorizer := Authorizer{
		Services: services, Region: "us-east-1", Account: account,
		Policies: Policies{Roles: map[string]Role{"worker": {role, parseIdentity(t, statements)}}},
		FunctionOf: func(accessKey string) (string, bool) {
			return "worker", accessKey == "sandbox"
		},
		Report: func(d Denial) { a.denials = append(a.denials, d) },
	}
	a.Handler = authorizer.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.served = append(a.served, string(body))
		w.Header().Set("Content-Length", "6")
		w.WriteHeader(a.status)
		fmt.Fprint(w, "answer")
	}))
	return a
}

func (a *api) call(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

func TestAuthorizer_DeniesWithTheErrorOfTheService(t *testing.T) {
	a := newAPI(t, `[]`)
	for _, c := range []struct {
		request  *http.Request
		status   int
		contains string
	}{
		{request("PUT", "/b/k", "", ""), 403,
			"<Code>AccessDenied</Code><Message>User: " + session +
				" is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::b/k"},
		{call("DynamoDB_20120810.PutItem", `{"TableName":"t"}`), 400,
			`"__type":"AccessDeniedException"`},
		{call("AmazonSQS.SendMessage", `{"QueueUrl":"http://h/1/q"}`), 403,
			`"__type":"AccessDenied"`},
		{call("AWSEvents.PutEvents", `{"Entries":[{}]}`), 400, `"__type":"AccessDeniedException"`},
		{request("POST", "/2015-03-31/functions/f/invocations", "", ""), 403,
			"lambda:InvokeFunction"},
		{request("GET", "/2015-03-31/tags/x", "", ""), 403,
			"does not know the call GET /2015-03-31/tags/x"},
		{request("PATCH", "/b/k", "", ""), 403, "does not know the call PATCH /b/k"},
		{call("AmazonSQS.SendMessage", `{`), 403, "can't tell which permissions the call needs"},
	} {
		w := a.call(c.request)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.contains) {
			t.Errorf("%s %s: got %d %s", c.request.Method, c.request.URL, w.Code, w.Body)
		}
	}
	if len(a.served) != 0 || len(a.denials) != 8 || a.denials[0].Operation != "PutObject" ||
		a.denials[0].Caller != "worker" {
		t.Errorf("served %q, reported %+v", a.served, a.denials)
	}
}

func TestAuthorizer_ReportsNoDenialOfAnIncompleteCall(t *testing.T) {
	a := newAPI(t, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}`)
	r := call("AmazonSQS.SendMessage", "")
	r.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)) // the function was killed
	w := a.call(r)
	if w.Code != 400 || len(a.served) != 0 || len(a.denials) != 0 {
		t.Errorf("got %d %s, served %q, reported %+v", w.Code, w.Body, a.served, a.denials)
	}
}

func TestAuthorizer_PassesAllowedCallsUnchanged(t *testing.T) {
	a := newAPI(t, `{"Effect":"Allow","Action":["s3:*","sqs:SendMessage"],"Resource":"*"}`)
	body := `{"QueueUrl":"http://127.0.0.1/1/q","MessageBody":"m"}`
	w := a.call(call("AmazonSQS.SendMessage", body))
	if w.Code != 200 || !slices.Equal(a.served, []string{body}) {
		t.Errorf("got %d, served %q", w.Code, a.served)
	}
	w = a.call(request("PUT", "/b/k", "", "payload"))
	if w.Code != 200 || a.served[1] != "payload" {
		t.Errorf("got %d, served %q", w.Code, a.served)
	}
}

func TestAuthorizer_ChecksEveryPartOfACall(t *testing.T) {
	a := newAPI(t,
		`{"Effect":"Allow","Action":"dynamodb:BatchGetItem","Resource":"`+dynamo+`table/t"}`)
	w := a.call(call("DynamoDB_20120810.BatchGetItem", `{"RequestItems":{"t":{},"u":{}}}`))
	if w.Code != 400 {
		t.Errorf("got %d", w.Code)
	}
}

// S3 answers 404 only to callers that may list the bucket.
func TestAuthorizer_HidesNotFoundWithoutListPermission(t *testing.T) {
	for _, c := range []struct {
		statements string
		status     int
		want       int
	}{
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`, 404, 403},
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`, 200, 200},
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`, 304, 304},
		{`{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}`, 404, 404},
		{`[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Allow",` +
			`"Action":"s3:ListBucket","Resource":"*",` +
			`"Condition":{"StringLike":{"s3:prefix":"bronze/*"}}}]`, 404, 404},
		{`[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Allow",` +
			`"Action":"s3:ListBucket","Resource":"*",` +
			`"Condition":{"StringLike":{"s3:prefix":"silver/*"}}}]`, 404, 403},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := newAPI(t, c.statements)
			a.status = c.status
			w := a.call(request(method, "/b/bronze/k", "", ""))
			if w.Code != c.want {
				t.Errorf("%s with %s: status %d became %d", method, c.statements, c.status, w.Code)
			}
			denied := strings.Contains(w.Body.String(),
				"to perform: s3:ListBucket on resource: arn:aws:s3:::b")
			if denied != (c.want == 403) {
				t.Errorf("%s with %s: %s", method, c.statements, w.Body)
			}
			if c.want == 403 && w.Header().Get("Content-Length") == "6" {
				t.Error("the Content-Length of the discarded response remains")
			}
		}
	}
}

// The authorizer passes the calls of a role that is in no template, because it does not know the
// role's permissions.
func TestAuthorizer_PassesCallsOfUnknownRoles(t *testing.T) {
	a := newAPI(t, `[]`)
	authorizer := Authorizer{
		Services:   services,
		FunctionOf: func(string) (string, bool) { return "other", true },
	}
	w := httptest.NewRecorder()
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		a.served = append(a.served, "")
	})
	authorizer.Wrap(next).ServeHTTP(w, request("PUT", "/b/k", "", ""))
	if w.Code != 200 || len(a.served) != 1 {
		t.Errorf("got %d", w.Code)
	}
}
