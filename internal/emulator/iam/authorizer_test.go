package iam

import (
	"encoding/base64"
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

// formRequest returns a request of AWS's query protocol.
func formRequest(body string) *http.Request {
	r := request("POST", "/", "", body, "Content-Type", "application/x-www-form-urlencoded")
	sign(r, "cloudformation")
	return r
}

func presignedRequest(url string) *http.Request {
	r := request("GET", url, "", "")
	sign(r, "cloudformation")
	return r
}

func TestAuthorizer_DerivesThePermissionsOfEachCall(t *testing.T) {
	for _, c := range []struct {
		request *http.Request
		want    []string
	}{
		{request("GET", "/b?list-type=2&prefix=bronze%2F&delimiter=%2F", "", ""),
			[]string{"s3:ListBucket arn:aws:s3:::b map[s3:delimiter:/ s3:prefix:bronze/]"}},
		{request("HEAD", "/b", "", ""), []string{"s3:ListBucket arn:aws:s3:::b map[]"}},
		{request("GET", "/b?versions", "", ""),
			[]string{"s3:ListBucketVersions arn:aws:s3:::b map[]"}},
		{request("GET", "/", "", ""), []string{"s3:ListAllMyBuckets * map[]"}},
		{request("GET", "/b/bronze/a%20b.json", "", ""),
			[]string{"s3:GetObject arn:aws:s3:::b/bronze/a b.json map[]"}},
		{request("HEAD", "/b/k", "", ""), []string{"s3:GetObject arn:aws:s3:::b/k map[]"}},
		{request("GET", "/b/k?versionId=7", "", ""),
			[]string{"s3:GetObjectVersion arn:aws:s3:::b/k map[s3:versionid:7]"}},
		{request("PUT", "/b/k", "", "", "If-None-Match", "*"),
			[]string{"s3:PutObject arn:aws:s3:::b/k map[s3:if-none-match:* " +
				"s3:objectcreationoperation:true]"}},
		{request("PUT", "/b/k", "", "", "If-Match", "e"),
			[]string{"s3:PutObject arn:aws:s3:::b/k map[s3:if-match:e " +
				"s3:objectcreationoperation:true]", "s3:GetObject arn:aws:s3:::b/k map[]"}},
		{request("PUT", "/b/k", "", "", "X-Amz-Copy-Source", "/from/a%20b"),
			[]string{"s3:PutObject arn:aws:s3:::b/k map[s3:objectcreationoperation:true]",
				"s3:GetObject arn:aws:s3:::from/a b map[]"}},
		{request("PUT", "/b/k?uploadId=1&partNumber=1", "", ""),
			[]string{"s3:PutObject arn:aws:s3:::b/k map[s3:objectcreationoperation:false]"}},
		{request("POST", "/b/k?uploadId=1", "", ""),
			[]string{"s3:PutObject arn:aws:s3:::b/k map[s3:objectcreationoperation:true]"}},
		{request("DELETE", "/b/k", "", ""), []string{"s3:DeleteObject arn:aws:s3:::b/k map[]"}},
		{request("DELETE", "/b/k?versionId=7", "", ""),
			[]string{"s3:DeleteObjectVersion arn:aws:s3:::b/k map[s3:versionid:7]"}},
		{request("POST", "/b?delete", "",
			`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key>`+
				`</Object><Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>`),
			[]string{"s3:DeleteObject arn:aws:s3:::b/a map[]",
				"s3:DeleteObjectVersion arn:aws:s3:::b/b map[]"}},

		{call("DynamoDB_20120810.PutItem", `{"TableName":"t","Item":{}}`),
			[]string{"dynamodb:PutItem " + dynamo + "table/t map[]"}},
		{call("DynamoDB_20120810.Query", `{"TableName":"t","IndexName":"i"}`),
			[]string{"dynamodb:Query " + dynamo + "table/t/index/i map[]"}},
		{call("DynamoDB_20120810.GetItem", `{"TableName":"`+dynamo+`table/t"}`),
			[]string{"dynamodb:GetItem " + dynamo + "table/t map[]"}},
		{call("DynamoDB_20120810.BatchGetItem", `{"RequestItems":{"t":{},"s":{}}}`),
			[]string{"dynamodb:BatchGetItem " + dynamo + "table/s map[]",
				"dynamodb:BatchGetItem " + dynamo + "table/t map[]"}},
		{call("DynamoDB_20120810.TransactWriteItems",
			`{"TransactItems":[{"Put":{"TableName":"t"}},{"ConditionCheck":{"TableName":"s"}}]}`),
			[]string{"dynamodb:PutItem " + dynamo + "table/t map[]",
				"dynamodb:ConditionCheckItem " + dynamo + "table/s map[]"}},
		{call("DynamoDB_20120810.ListTables", `{}`), []string{"dynamodb:ListTables * map[]"}},

		{call("AmazonSQS.SendMessageBatch", `{"QueueUrl":"http://h/1/q"}`),
			[]string{"sqs:SendMessage " + queue + " map[]"}},
		{call("AmazonSQS.ChangeMessageVisibilityBatch", `{"QueueUrl":"http://h/1/q"}`),
			[]string{"sqs:ChangeMessageVisibility " + queue + " map[]"}},
		{call("AmazonSQS.DeleteMessageBatch", `{"QueueUrl":"http://h/1/q"}`),
			[]string{"sqs:DeleteMessage " + queue + " map[]"}},
		{call("AmazonSQS.GetQueueUrl", `{"QueueName":"q"}`),
			[]string{"sqs:GetQueueUrl " + queue + " map[]"}},
		{call("AmazonSQS.StartMessageMoveTask",
			`{"SourceArn":"`+queue+`","DestinationArn":"`+queue+`2"}`), []string{
			"sqs:StartMessageMoveTask " + queue + " map[]",
			"sqs:ReceiveMessage " + queue + " map[]", "sqs:DeleteMessage " + queue + " map[]",
			"sqs:GetQueueAttributes " + queue + " map[]", "sqs:SendMessage " + queue + "2 map[]"}},
		{call("AmazonSQS.ListMessageMoveTasks", `{"SourceArn":"`+queue+`"}`),
			[]string{"sqs:ListMessageMoveTasks " + queue + " map[]"}},
		{call("AmazonSQS.CancelMessageMoveTask", `{"TaskHandle":"`+
			base64.StdEncoding.EncodeToString([]byte(`{"sourceArn":"`+queue+`"}`))+`"}`),
			[]string{"sqs:CancelMessageMoveTask " + queue + " map[]"}},

		{call("AWSEvents.PutEvents", `{"Entries":[`+
			`{"EventBusName":"bus","Source":"s","DetailType":"d"},`+
			`{"EventBusName":"`+events+`event-bus/other"},{}]}`), []string{
			"events:PutEvents " + events +
				"event-bus/bus map[events:detail-type:d events:source:s]",
			"events:PutEvents " + events +
				"event-bus/other map[events:detail-type: events:source:]",
			"events:PutEvents " + events +
				"event-bus/default map[events:detail-type: events:source:]",
		}},
		{call("AWSEvents.PutRule", `{"Name":"r","EventBusName":"bus"}`),
			[]string{"events:PutRule " + events + "rule/bus/r map[]"}},
		{call("AWSEvents.PutTargets", `{"Rule":"r"}`),
			[]string{"events:PutTargets " + events + "rule/r map[]"}},
		{call("AWSEvents.DescribeEventBus", `{"Name":"bus"}`),
			[]string{"events:DescribeEventBus " + events + "event-bus/bus map[]"}},
		{call("AWSEvents.ListRules", `{"EventBusName":"bus"}`),
			[]string{"events:ListRules * map[]"}},

		{request("POST", "/2015-03-31/functions/f/invocations", "", "{}"),
			[]string{"lambda:InvokeFunction " + lambda + "f map[]"}},
		{request("POST", "/2015-03-31/functions/f/invocations?Qualifier=live", "", "{}"),
			[]string{"lambda:InvokeFunction " + lambda + "f:live map[]"}},
		{request("PUT", "/2015-03-31/functions/f/configuration", "", "{}"),
			[]string{"lambda:UpdateFunctionConfiguration " + lambda + "f map[]"}},
		{request("GET", "/2015-03-31/functions/f", "", ""),
			[]string{"lambda:GetFunction " + lambda + "f map[]"}},
		{formRequest("Action=GetCallerIdentity"), nil},
		{formRequest("Action=DescribeStacks"), []string{"cloudformation:DescribeStacks * map[]"}},
		{presignedRequest("/?Action=DescribeStacks"),
			[]string{"cloudformation:DescribeStacks * map[]"}},
	} {
		authorizer := Authorizer{Services: services, Region: "us-east-1", Account: account}
		list, err := authorizer.requiredPermissions(services.ReadCall(c.request), c.request)
		if err != nil {
			t.Errorf("%s %s: %v", c.request.Method, c.request.URL, err)
			continue
		}
		var got []string
		for _, a := range list {
			got = append(got, fmt.Sprint(a.action, " ", a.resource, " ", a.context))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s %s:\n got %q\nwant %q", c.request.Method, c.request.URL,
				c.request.Header.Get("X-Amz-Target"), got, c.want)
		}
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
