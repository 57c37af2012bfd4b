package protocol

import (
	"encoding/json"
	"encoding/xml"
	"net/http/httptest"
	"testing"
)

var targets = Targets{"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "AWSEvents": "events"}

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
		if got := targets.ReadCall(r); got != (Call{Service: c.service, Operation: c.operation}) {
			t.Errorf("%s %s %s: got %+v", c.method, c.url, c.target, got)
		}
	}
	r := httptest.NewRequest("PUT", "/b/k", nil)
	r.Header.Set("X-Amz-Copy-Source", "/b/other")
	r.Header.Set(
		"Authorization",
		"AWS4-HMAC-SHA256 Credential=key/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
	)
	if got := targets.ReadCall(r); got != (Call{"key", "s3", "CopyObject"}) {
		t.Errorf("got %+v", got)
	}
	r = httptest.NewRequest("POST", "/", nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if got := targets.ReadCall(r); got.Service != "query" {
		t.Errorf("got %+v", got)
	}
}

func TestWriteError_UsesTheFormatOfTheService(t *testing.T) {
	const message = `no <b> & "c"`
	w := httptest.NewRecorder()
	WriteError(w, "s3", 403, "AccessDenied", message)
	var answer struct{ Code, Message string }
	err := xml.Unmarshal(w.Body.Bytes(), &answer)
	if err != nil || w.Code != 403 || answer.Code != "AccessDenied" || answer.Message != message {
		t.Errorf("S3: got %d %s, %v", w.Code, w.Body, err)
	}
	w = httptest.NewRecorder()
	WriteError(w, "query", 400, "AccessDenied", message)
	var query struct {
		Error struct{ Code, Message string }
	}
	err = xml.Unmarshal(w.Body.Bytes(), &query)
	if err != nil || query.Error.Code != "AccessDenied" || query.Error.Message != message {
		t.Errorf("query: got %d %s, %v", w.Code, w.Body, err)
	}
	w = httptest.NewRecorder()
	WriteError(w, "dynamodb", 400, "AccessDeniedException", message)
	var failure struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	err = json.Unmarshal(w.Body.Bytes(), &failure)
	if err != nil || failure.Type != "AccessDeniedException" || failure.Message != message {
		t.Errorf("DynamoDB: got %d %s, %v", w.Code, w.Body, err)
	}
}
