package iam

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// request is one as the SDK sends it, signed by the function worker.
var targets = protocol.Targets{"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "AWSEvents": "events"}

func request(method, url, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sandbox/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

const (
	dynamo = "arn:aws:dynamodb:us-east-1:111122223333:"
	queue  = "arn:aws:sqs:us-east-1:111122223333:q"
	events = "arn:aws:events:us-east-1:111122223333:"
	lambda = "arn:aws:lambda:us-east-1:111122223333:function:"
)

func TestAccesses_AreTheActionsAndResourcesOfEachCall(t *testing.T) {
	for _, c := range []struct {
		request *http.Request
		want    []string
	}{
		{request("GET", "/b?list-type=2&prefix=bronze%2F&delimiter=%2F", "", ""), []string{"s3:ListBucket arn:aws:s3:::b map[s3:delimiter:/ s3:prefix:bronze/]"}},
		{request("HEAD", "/b", "", ""), []string{"s3:ListBucket arn:aws:s3:::b map[]"}},
		{request("GET", "/b?versions", "", ""), []string{"s3:ListBucketVersions arn:aws:s3:::b map[]"}},
		{request("GET", "/", "", ""), []string{"s3:ListAllMyBuckets * map[]"}},
		{request("GET", "/b/bronze/a%20b.json", "", ""), []string{"s3:GetObject arn:aws:s3:::b/bronze/a b.json map[]"}},
		{request("HEAD", "/b/k", "", ""), []string{"s3:GetObject arn:aws:s3:::b/k map[]"}},
		{request("GET", "/b/k?versionId=7", "", ""), []string{"s3:GetObjectVersion arn:aws:s3:::b/k map[s3:versionid:7]"}},
		{request("PUT", "/b/k", "", "", "If-None-Match", "*"), []string{"s3:PutObject arn:aws:s3:::b/k map[s3:if-none-match:* s3:objectcreationoperation:true]"}},
		{request("PUT", "/b/k", "", "", "If-Match", "e"), []string{"s3:PutObject arn:aws:s3:::b/k map[s3:if-match:e s3:objectcreationoperation:true]", "s3:GetObject arn:aws:s3:::b/k map[]"}},
		{request("PUT", "/b/k", "", "", "X-Amz-Copy-Source", "/from/a%20b"), []string{"s3:PutObject arn:aws:s3:::b/k map[s3:objectcreationoperation:true]", "s3:GetObject arn:aws:s3:::from/a b map[]"}},
		{request("PUT", "/b/k?uploadId=1&partNumber=1", "", ""), []string{"s3:PutObject arn:aws:s3:::b/k map[s3:objectcreationoperation:false]"}},
		{request("POST", "/b/k?uploadId=1", "", ""), []string{"s3:PutObject arn:aws:s3:::b/k map[s3:objectcreationoperation:true]"}},
		{request("DELETE", "/b/k", "", ""), []string{"s3:DeleteObject arn:aws:s3:::b/k map[]"}},
		{request("DELETE", "/b/k?versionId=7", "", ""), []string{"s3:DeleteObjectVersion arn:aws:s3:::b/k map[s3:versionid:7]"}},
		{request("POST", "/b?delete", "", `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>`),
			[]string{"s3:DeleteObject arn:aws:s3:::b/a map[]", "s3:DeleteObjectVersion arn:aws:s3:::b/b map[]"}},

		{request("POST", "/", "DynamoDB_20120810.PutItem", `{"TableName":"t","Item":{}}`), []string{"dynamodb:PutItem " + dynamo + "table/t map[]"}},
		{request("POST", "/", "DynamoDB_20120810.Query", `{"TableName":"t","IndexName":"i"}`), []string{"dynamodb:Query " + dynamo + "table/t/index/i map[]"}},
		{request("POST", "/", "DynamoDB_20120810.GetItem", `{"TableName":"`+dynamo+`table/t"}`), []string{"dynamodb:GetItem " + dynamo + "table/t map[]"}},
		{request("POST", "/", "DynamoDB_20120810.BatchGetItem", `{"RequestItems":{"t":{},"s":{}}}`), []string{"dynamodb:BatchGetItem " + dynamo + "table/s map[]", "dynamodb:BatchGetItem " + dynamo + "table/t map[]"}},
		{request("POST", "/", "DynamoDB_20120810.TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"t"}},{"ConditionCheck":{"TableName":"s"}}]}`),
			[]string{"dynamodb:PutItem " + dynamo + "table/t map[]", "dynamodb:ConditionCheckItem " + dynamo + "table/s map[]"}},
		{request("POST", "/", "DynamoDB_20120810.ListTables", `{}`), []string{"dynamodb:ListTables * map[]"}},

		{request("POST", "/", "AmazonSQS.SendMessageBatch", `{"QueueUrl":"http://127.0.0.1:4566/111122223333/q"}`), []string{"sqs:SendMessage " + queue + " map[]"}},
		{request("POST", "/", "AmazonSQS.ChangeMessageVisibilityBatch", `{"QueueUrl":"http://127.0.0.1:4566/111122223333/q"}`), []string{"sqs:ChangeMessageVisibility " + queue + " map[]"}},
		{request("POST", "/", "AmazonSQS.DeleteMessageBatch", `{"QueueUrl":"http://127.0.0.1:4566/111122223333/q"}`), []string{"sqs:DeleteMessage " + queue + " map[]"}},
		{request("POST", "/", "AmazonSQS.GetQueueUrl", `{"QueueName":"q"}`), []string{"sqs:GetQueueUrl " + queue + " map[]"}},

		{request("POST", "/", "AWSEvents.PutEvents", `{"Entries":[{"EventBusName":"bus","Source":"s","DetailType":"d"},{"EventBusName":"`+events+`event-bus/other"},{}]}`), []string{
			"events:PutEvents " + events + "event-bus/bus map[events:detail-type:d events:source:s]",
			"events:PutEvents " + events + "event-bus/other map[events:detail-type: events:source:]",
			"events:PutEvents " + events + "event-bus/default map[events:detail-type: events:source:]",
		}},
		{request("POST", "/", "AWSEvents.PutRule", `{"Name":"r","EventBusName":"bus"}`), []string{"events:PutRule " + events + "rule/bus/r map[]"}},
		{request("POST", "/", "AWSEvents.PutTargets", `{"Rule":"r"}`), []string{"events:PutTargets " + events + "rule/r map[]"}},
		{request("POST", "/", "AWSEvents.DescribeEventBus", `{"Name":"bus"}`), []string{"events:DescribeEventBus " + events + "event-bus/bus map[]"}},
		{request("POST", "/", "AWSEvents.ListRules", `{"EventBusName":"bus"}`), []string{"events:ListRules * map[]"}},

		{request("POST", "/2015-03-31/functions/f/invocations", "", "{}"), []string{"lambda:InvokeFunction " + lambda + "f map[]"}},
		{request("GET", "/2015-03-31/functions/f", "", ""), []string{"lambda:GetFunction " + lambda + "f map[]"}},
		{request("POST", "/", "", "Action=GetCallerIdentity", "Content-Type", "application/x-www-form-urlencoded"), nil},
		{request("POST", "/", "", "Action=DescribeStacks", "Content-Type", "application/x-www-form-urlencoded"), []string{"cloudformation:DescribeStacks * map[]"}},
	} {
		guard := Authorizer{Region: "us-east-1", Account: account, Targets: targets}
		list, err := guard.requiredPermissions(targets.ReadCall(c.request), c.request)
		if err != nil {
			t.Errorf("%s %s: %v", c.request.Method, c.request.URL, err)
			continue
		}
		var got []string
		for _, a := range list {
			got = append(got, fmt.Sprint(a.action, " ", a.resource, " ", a.context))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s %s:\n got %q\nwant %q", c.request.Method, c.request.URL, c.request.Header.Get("X-Amz-Target"), got, c.want)
		}
	}
}

// api is a service behind a guard, which the function worker calls.
type api struct {
	http.Handler
	status  int
	served  []string // bodies that the service got
	denials []Denial
}

func newAPI(t *testing.T, statements string) *api {
	a := &api{status: http.StatusOK}
	guard := Authorizer{
		Targets: targets,
		Region:  "us-east-1", Account: account,
		Policies:   Policies{Roles: map[string]Role{"worker": {role, identity(t, statements)}}},
		FunctionOf: func(accessKey string) (string, bool) { return "worker", accessKey == "sandbox" },
		Report:     func(d Denial) { a.denials = append(a.denials, d) },
	}
	a.Handler = guard.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

func TestGuard_DeniesInTheServicesForm(t *testing.T) {
	a := newAPI(t, `[]`)
	for _, c := range []struct {
		request  *http.Request
		status   int
		contains string
	}{
		{request("PUT", "/b/k", "", ""), 403, "<Code>AccessDenied</Code><Message>User: " + session + " is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::b/k"},
		{request("POST", "/", "DynamoDB_20120810.PutItem", `{"TableName":"t"}`), 400, `"__type":"AccessDeniedException"`},
		{request("POST", "/", "AmazonSQS.SendMessage", `{"QueueUrl":"http://h/1/q"}`), 403, `"__type":"AccessDenied"`},
		{request("POST", "/", "AWSEvents.PutEvents", `{"Entries":[{}]}`), 400, `"__type":"AccessDeniedException"`},
		{request("POST", "/2015-03-31/functions/f/invocations", "", ""), 403, "lambda:InvokeFunction"},
		{request("POST", "/", "Unknown.Operation", `{}`), 400, "can't tell what the call needs"},
		{request("PATCH", "/b/k", "", ""), 403, "which action PATCH /b/k needs"},
		{request("POST", "/", "AmazonSQS.SendMessage", `{`), 403, "can't tell what the call needs"},
	} {
		if w := a.call(c.request); w.Code != c.status || !strings.Contains(w.Body.String(), c.contains) {
			t.Errorf("%s %s: got %d %s", c.request.Method, c.request.URL, w.Code, w.Body)
		}
	}
	if len(a.served) != 0 || len(a.denials) != 8 || a.denials[0].Operation != "PutObject" || a.denials[0].Caller != "worker" {
		t.Errorf("served %q, reported %+v", a.served, a.denials)
	}
}

func TestGuard_LetsThroughWhatIsAllowedAsItCame(t *testing.T) {
	a := newAPI(t, `{"Effect":"Allow","Action":["s3:*","sqs:SendMessage"],"Resource":"*"}`)
	body := `{"QueueUrl":"http://127.0.0.1/1/q","MessageBody":"m"}`
	if w := a.call(request("POST", "/", "AmazonSQS.SendMessage", body)); w.Code != 200 || !slices.Equal(a.served, []string{body}) {
		t.Errorf("got %d, served %q", w.Code, a.served)
	}
	if w := a.call(request("PUT", "/b/k", "", "payload")); w.Code != 200 || a.served[1] != "payload" {
		t.Errorf("got %d, served %q", w.Code, a.served)
	}
}

// Each part of a call needs its own right.
func TestGuard_AsksForEveryPartOfACall(t *testing.T) {
	a := newAPI(t, `{"Effect":"Allow","Action":"dynamodb:BatchGetItem","Resource":"`+dynamo+`table/t"}`)
	if w := a.call(request("POST", "/", "DynamoDB_20120810.BatchGetItem", `{"RequestItems":{"t":{},"u":{}}}`)); w.Code != 400 {
		t.Errorf("got %d", w.Code)
	}
}

// S3 tells only who may list the bucket that an object is not there.
func TestGuard_HidesThatAnObjectIsMissing(t *testing.T) {
	for _, c := range []struct {
		statements string
		status     int
		want       int
	}{
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`, 404, 403},
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`, 200, 200},
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`, 304, 304},
		{`{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}`, 404, 404},
		{`[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":"bronze/*"}}}]`, 404, 404},
		{`[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":"silver/*"}}}]`, 404, 403},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := newAPI(t, c.statements)
			a.status = c.status
			w := a.call(request(method, "/b/bronze/k", "", ""))
			if w.Code != c.want {
				t.Errorf("%s by %s: %d became %d", method, c.statements, c.status, w.Code)
			}
			if denied := strings.Contains(w.Body.String(), "to perform: s3:ListBucket on resource: arn:aws:s3:::b"); denied != (c.want == 403) {
				t.Errorf("%s by %s: %s", method, c.statements, w.Body)
			}
			if c.want == 403 && w.Header().Get("Content-Length") == "6" {
				t.Error("the hidden answer's length shows")
			}
		}
	}
}

// A function whose role is in no template may have any rights.
func TestGuard_LeavesFunctionsOfUnknownRolesAlone(t *testing.T) {
	a := newAPI(t, `[]`)
	guard := Authorizer{Targets: targets, FunctionOf: func(string) (string, bool) { return "other", true }}
	w := httptest.NewRecorder()
	guard.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { a.served = append(a.served, "") })).ServeHTTP(w, request("PUT", "/b/k", "", ""))
	if w.Code != 200 || len(a.served) != 1 {
		t.Errorf("got %d", w.Code)
	}
}
