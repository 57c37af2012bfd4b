package protocol_test

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

var services = protocol.Services{
	dynamodb.Info, eventbridge.Info, lambda.Info, s3.Info, sqs.Info,
	{Name: protocol.APIGateway, Operation: func(r *http.Request) string { return r.Method }},
}

func TestReadCall_NamesServiceAndOperation(t *testing.T) {
	for _, c := range []struct{ method, url, target, service, operation string }{
		{"POST", "/", "DynamoDB_20120810.PutItem", "dynamodb", "PutItem"},
		{"POST", "/", "AmazonSQS.SendMessageBatch", "sqs", "SendMessageBatch"},
		{"POST", "/", "AWSEvents.PutEvents", "events", "PutEvents"},
		{"POST", "/", "Other.Operation", "", "Operation"},
		{"POST", "/2015-03-31/functions/f/invocations", "", "lambda", "Invoke"},
		{"GET", "/2015-03-31/functions/f/configuration", "", "lambda", "GetFunctionConfiguration"},
		{"GET", "/2015-03-31/functions/f", "", "lambda", "GetFunction"},
		{"GET", "/2015-03-31/functions/", "", "lambda", "ListFunctions"},
		{"GET", "/2015-03-31/functions", "", "lambda", "ListFunctions"},
		{"GET", "/2015-03-31/event-source-mappings/", "", "lambda", "ListEventSourceMappings"},
		{"GET", "/2015-03-31/event-source-mappings/u", "", "lambda", "GetEventSourceMapping"},
		{"PUT", "/2015-03-31/event-source-mappings/u", "", "lambda", "UpdateEventSourceMapping"},
		{"GET", "/", "", "s3", "ListBuckets"},
		{"GET", "/b?list-type=2&prefix=x", "", "s3", "ListObjectsV2"},
		{"GET", "/b/?versions", "", "s3", "ListObjectVersions"},
		{"POST", "/b?delete", "", "s3", "DeleteObjects"},
		{"GET", "/b/k/l", "", "s3", "GetObject"},
		{"HEAD", "/b/k", "", "s3", "HeadObject"},
		{"PUT", "/b/k", "", "s3", "PutObject"},
		{"PUT", "/b/k?uploadId=1&partNumber=2", "", "s3", "UploadPart"},
		{"POST", "/b/k?uploads", "", "s3", "CreateMultipartUpload"},
		{"POST", "/b/k?uploadId=1", "", "s3", "CompleteMultipartUpload"},
		{"DELETE", "/b/k?uploadId=1", "", "s3", "AbortMultipartUpload"},
		{"DELETE", "/b/k", "", "s3", "DeleteObject"},
		{"PATCH", "/b/k", "", "s3", ""},
	} {
		r := httptest.NewRequest(c.method, c.url, nil)
		if c.target != "" {
			r.Header.Set("X-Amz-Target", c.target)
		}
		want := protocol.Call{Service: c.service, Operation: c.operation}
		if got := services.ReadCall(r); got != want {
			t.Errorf("%s %s %s: got %+v", c.method, c.url, c.target, got)
		}
	}
	r := httptest.NewRequest("PUT", "/b/k", nil)
	r.Header.Set("X-Amz-Copy-Source", "/b/other")
	r.Header.Set(
		"Authorization",
		"AWS4-HMAC-SHA256 Credential=key/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, "+
			"Signature=0",
	)
	if got := services.ReadCall(r); got != (protocol.Call{"key", "s3", "CopyObject"}) {
		t.Errorf("got %+v", got)
	}
	r = httptest.NewRequest("POST", "/", nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if got := services.ReadCall(r); got.Service != "query" {
		t.Errorf("got %+v", got)
	}
}

func TestReadCall_SelectsTheServiceBySignature(t *testing.T) {
	const sigv4, sigv4a = "AWS4-HMAC-SHA256 Credential=k/20261123/us-east-1/",
		"AWS4-ECDSA-P256-SHA256 Credential=k/20261123/"
	for _, c := range []struct{ method, url, authorization, service, operation string }{
		{"GET", "/2015-03-31/functions/f", sigv4 + "s3", "s3", "GetObject"},
		{"GET", "/2015-03-31/tags/x", sigv4 + "lambda", "lambda", ""},
		{"GET", "/2018-10-31/layers", sigv4 + "lambda", "lambda", ""},
		{"DELETE", "/2015-03-31/functions/f", sigv4 + "lambda", "lambda", ""},
		{"GET", "/anything", sigv4 + "lambda", "lambda", ""},
		{"GET", "/v2/apis/a", sigv4 + "apigateway", "apigateway", "GET"},
		{"GET", "/v2/apis", sigv4 + "apigateway", "", ""},
		{"GET", "/v2/apis/a/routes", sigv4 + "apigateway", "", ""},
		{"GET", "/restapis", sigv4 + "apigateway", "", ""},
		{"POST", "/", sigv4 + "logs", "", ""},
		{"GET", "/groups", sigv4 + "resource-groups", "", ""},
		{"GET", "/b/k", sigv4a + "s3", "s3", "GetObject"},
		{"GET", "/b/k", sigv4a + "events", "", ""},
		{"GET", "/?Action=GetCallerIdentity", sigv4 + "sts", "query", ""},
		{"GET", "/?Action=GetCallerIdentity", "", "query", ""},
		{"GET", "/?Action=ListTopics", sigv4 + "sns", "", ""},
		{"GET", "/?X-Amz-Credential=k%2F20261123%2Fus-east-1%2Fsns%2Faws4_request", "", "", ""},
		{"GET", "/b/k?X-Amz-Credential=k%2F20261123%2Fus-east-1%2Fs3%2Faws4_request", "",
			"s3", "GetObject"},
	} {
		r := httptest.NewRequest(c.method, c.url, nil)
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization+"/aws4_request, SignedHeaders=host")
		}
		got := services.ReadCall(r)
		if got.Service != c.service || got.Operation != c.operation {
			t.Errorf("%s %s %s: got %+v", c.method, c.url, c.authorization, got)
		}
	}
}

func TestReadCall_SelectsTheServiceOfUnsignedRequestsByHints(t *testing.T) {
	for _, c := range []struct{ url, host, userAgent, service string }{
		{"/b/k", "", "", "s3"},
		{"/b/k", "b.localhost:4566", "", "s3"},
		{"/k", "b.s3.us-east-1.amazonaws.com", "", "s3"},
		{"/", "iam.amazonaws.com", "", ""},
		{"/", "logs.us-east-1.localhost:4566", "", ""},
		{"/v1/x", "bedrock.us-gov-west-1.amazonaws.com", "", ""},
		{"/2014-11-13/functions/f/invoke-async/", "", "", "lambda"},
		{"/2020-05-31/distribution", "", "api/cloudfront#1.2", ""},
		{"/b/k", "", "aws-sdk-go-v2/1.47.7 os/linux lang/go#1.26 api/s3#1.114.8", "s3"},
		{"/b/k", "", "aws-cli/2.9.19 Python/3.9 command/s3api.get-object", "s3"},
		{"/b/k", "", "aws-cli/2.9.19 Python/3.9 command/s3.cp", "s3"},
		{"/v1/clusters", "", "aws-cli/2.9.19 command/kafka.list-clusters", ""},
		{"/v1/clusters", "", "aws-sdk-js/3.1 ua/2.1 api/kafka#3.1", ""},
	} {
		r := httptest.NewRequest("GET", c.url, nil)
		r.Host = cmp.Or(c.host, "127.0.0.1:4566")
		r.Header.Set("User-Agent", c.userAgent)
		if got := services.ReadCall(r); got.Service != c.service {
			t.Errorf("%+v: got %+v", c, got)
		}
	}
	r := httptest.NewRequest("GET", "/federation/credentials", nil)
	r.Header.Set("X-Amz-Sso_bearer_token", "token")
	if got := services.ReadCall(r); got.Service != "" {
		t.Errorf("SSO: got %+v", got)
	}
	r = httptest.NewRequest("GET", "/v20180820/jobs", nil)
	r.Header.Set("X-Amz-Account-Id", "000000000000")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=k/1/us-east-1/s3/aws4_request")
	if got := services.ReadCall(r); got.Service != "" {
		t.Errorf("S3 Control: got %+v", got)
	}
}

func TestSplitFunction_AcceptsEveryFormOfReference(t *testing.T) {
	const arn = "arn:aws:lambda:us-east-1:000000000000:function:"
	for reference, want := range map[string][2]string{
		"worker":                         {"worker", ""},
		"worker:live":                    {"worker", "live"},
		"my-function":                    {"my-function", ""},
		"my-function:live":               {"my-function", "live"},
		"function:my-function:1":         {"my-function", "1"},
		"000000000000:function:worker:1": {"worker", "1"},
		arn + "my-function":              {"my-function", ""},
		arn + "my-function:1":            {"my-function", "1"},
	} {
		name, qualifier := protocol.SplitFunction(reference)
		if got := [2]string{name, qualifier}; got != want {
			t.Errorf("%s: got %q, want %q", reference, got, want)
		}
	}
}

func TestWriteError_UsesTheFormatOfTheService(t *testing.T) {
	const message = `no <b> & "c"`
	w := httptest.NewRecorder()
	protocol.WriteError(w, "s3", 403, "AccessDenied", message)
	var response struct{ Code, Message string }
	err := xml.Unmarshal(w.Body.Bytes(), &response)
	if err != nil || w.Code != 403 || response.Code != "AccessDenied" ||
		response.Message != message {
		t.Errorf("S3: got %d %s, %v", w.Code, w.Body, err)
	}
	w = httptest.NewRecorder()
	protocol.WriteError(w, "query", 400, "AccessDenied", message)
	var query struct {
		Error struct{ Code, Message string }
	}
	err = xml.Unmarshal(w.Body.Bytes(), &query)
	if err != nil || query.Error.Code != "AccessDenied" || query.Error.Message != message {
		t.Errorf("query: got %d %s, %v", w.Code, w.Body, err)
	}
	w = httptest.NewRecorder()
	protocol.WriteError(w, "dynamodb", 400, "AccessDeniedException", message)
	var failure struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	err = json.Unmarshal(w.Body.Bytes(), &failure)
	if err != nil || failure.Type != "AccessDeniedException" || failure.Message != message {
		t.Errorf("DynamoDB: got %d %s, %v", w.Code, w.Body, err)
	}
}
