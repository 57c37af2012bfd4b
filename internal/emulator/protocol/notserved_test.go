package protocol

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/smithy-go/encoding/cbor"
)

const notServed = "the local platform does not serve "

func TestWriteNotServed_AnswersInTheProtocolOfTheRequest(t *testing.T) {
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	const wrapped = "<ErrorResponse><Error><Type>Sender</Type><Code>"
	for _, c := range []struct {
		service, method, url, contentType, target, body string
		status                                          int
		responseType, contains                          string
	}{
		{"logs", "POST", "/", "application/x-amz-json-1.1", "Logs_20140328.FilterLogEvents", "{}",
			400, "application/x-amz-json-1.1", `{"__type":"UnknownOperationException","message":"` +
				notServed + `logs: Logs_20140328.FilterLogEvents"}`},
		{"states", "POST", "/", "application/x-amz-json-1.0", "AWSStepFunctions.ListStateMachines",
			"{}", 400, "application/x-amz-json-1.0",
			`"message":"` + notServed + `states: AWSStepFunctions.ListStateMachines"`},
		{"sns", "POST", "/", form, "", "Action=Publish&Version=2010-03-31", 400, "text/xml",
			wrapped + "InvalidAction</Code><Message>" + notServed + "sns: Publish</Message>"},
		{"ec2", "POST", "/", form, "", "Action=DescribeVpcs", 400, "text/xml",
			"<Response><Errors><Error><Code>InvalidAction</Code><Message>" + notServed +
				"ec2: DescribeVpcs</Message></Error></Errors><RequestID>"},
		{"kafka", "GET", "/v1/clusters", "", "", "", 404, "application/json",
			`"` + notServed + `kafka: GET /v1/clusters"`},
		{"route53", "GET", "/2013-04-01/hostedzone", "", "", "", 501, "text/xml",
			wrapped + "NotImplemented</Code><Message>" + notServed + "route53: GET /2013-04-01"},
		{"s3", "GET", "/v20180820/jobs", "", "", "", 501, "application/xml",
			"<Error><Code>NotImplemented</Code><Message>" + notServed + "s3: GET /v20180820/jobs"},
		{"s3express", "GET", "/", "", "", "", 501, "application/xml",
			"<Error><Code>NotImplemented</Code><Message>" + notServed + "s3express: GET /"},
	} {
		r := httptest.NewRequest(c.method, c.url, strings.NewReader(c.body))
		r.Header.Set("Authorization",
			"AWS4-HMAC-SHA256 Credential=k/20261123/us-east-1/"+c.service+"/aws4_request, S=")
		r.Header.Set("Content-Type", c.contentType)
		if c.target != "" {
			r.Header.Set("X-Amz-Target", c.target)
		}
		w := httptest.NewRecorder()
		WriteNotServed(w, r)
		if w.Code != c.status ||
			!strings.HasPrefix(w.Header().Get("Content-Type"), c.responseType) ||
			!strings.Contains(w.Body.String(), c.contains) {
			t.Errorf("%s: got %d %v %s", c.service, w.Code, w.Header(), w.Body)
		}
	}
}

func TestWriteNotServed_AnswersInCBOR(t *testing.T) {
	r := httptest.NewRequest("POST",
		"/service/GraniteServiceVersion20100801/operation/GetMetricData", nil)
	r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	r.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=k/20261123/us-east-1/monitoring/aws4_request, S=")
	w := httptest.NewRecorder()
	WriteNotServed(w, r)
	response, err := cbor.Decode(w.Body.Bytes())
	if err != nil || w.Header().Get("Smithy-Protocol") != "rpc-v2-cbor" {
		t.Fatalf("got %v, %v, %v", w.Header(), response, err)
	}
	got, _ := response.(cbor.Map)["message"].(cbor.String)
	if string(got) != notServed+"monitoring: GetMetricData" {
		t.Errorf("got %v", response)
	}
}
