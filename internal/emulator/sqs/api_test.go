package sqs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// test/conformance tests the operations with the AWS SDK. The tests in this file check the parts of
// responses that the SDK hides, such as headers.

func TestServeHTTP_ReturnsErrorCodesOfBothProtocols(t *testing.T) {
	s := newService(t, sqs.Config{})
	for _, test := range []struct{ operation, body, code, query string }{
		{"GetQueueUrl", `{"QueueName":"absent"}`, "QueueDoesNotExist",
			"AWS.SimpleQueueService.NonExistentQueue;Sender"},
		{"SendMessage", `{"MessageBody":"x"}`, "MissingParameter", "MissingParameter;Sender"},
		{"CreateQueue", `{"QueueName":"a.fifo"}`, "InvalidParameterValue",
			"InvalidParameterValue;Sender"},
		{"CreateQueue", `{"QueueName":"a","Attributes":{"Colour":"red"}}`,
			"InvalidAttributeName", "InvalidAttributeName;Sender"},
		{"CreateQueue", `{`, "SerializationException", "SerializationException;Sender"},
		{"AddPermission", `{}`, "UnknownOperationException", ""},
	} {
		status, query, response := call(t, s, test.operation, test.body)
		if status != 400 || response["__type"] != test.code || query != test.query {
			t.Errorf("%s %s: status %d, response %v, query error %q",
				test.operation, test.body, status, response, query)
		}
	}
}

func TestSendMessage_ReturnsTheSameChecksumsAsAWS(t *testing.T) {
	s := newService(t, sqs.Config{})
	if _, err := s.CreateQueue(sqs.QueueConfig{Name: "events"}); err != nil {
		t.Fatal(err)
	}
	// The expected checksums come from an independent implementation of the algorithm in the SQS
	// developer guide.
	_, _, response := call(t, s, "SendMessage", `{"QueueUrl":"events",
		"MessageBody":"This is a test message","MessageAttributes":{
		"name":{"DataType":"String","StringValue":"value"},
		"count":{"DataType":"Number","StringValue":"42"},
		"bytes":{"DataType":"Binary","BinaryValue":"AQID"}}}`)
	if response["MD5OfMessageBody"] != "fafb00f5732ab283681e124bf8747ed1" ||
		response["MD5OfMessageAttributes"] != "1207f08616526204dcbbe598ee1fb1b8" {
		t.Errorf("response %v", response)
	}
}

func TestSendMessage_RejectsAQueueOfAnotherAccount(t *testing.T) {
	s := newService(t, sqs.Config{Account: "000000000000"})
	if _, err := s.CreateQueue(sqs.QueueConfig{Name: "events"}); err != nil {
		t.Fatal(err)
	}
	for url, status := range map[string]int{
		"http://127.0.0.1/000000000000/events": 200, "http://127.0.0.1/111111111111/events": 400,
	} {
		got, _, _ := call(t, s, "SendMessage", `{"QueueUrl":"`+url+`","MessageBody":"x"}`)
		if got != status {
			t.Errorf("%s: status %d, want %d", url, got, status)
		}
	}
}

func TestReceiveMessage_AnswersAHalfClosedClient(t *testing.T) {
	s := newService(t, sqs.Config{})
	if _, err := s.CreateQueue(sqs.QueueConfig{Name: "events"}); err != nil {
		t.Fatal(err)
	}
	call(t, s, "SendMessage", `{"QueueUrl":"events","MessageBody":"x"}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // as the server does when the client half-closes
	for _, want := range []int{1, 0} {
		r := httptest.NewRequest("POST", "/",
			strings.NewReader(`{"QueueUrl":"events","WaitTimeSeconds":20}`)).WithContext(ctx)
		r.Header.Set("X-Amz-Target", "AmazonSQS.ReceiveMessage")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 200 || strings.Count(w.Body.String(), "MessageId") != want {
			t.Errorf("got %d %s, want %d messages", w.Code, w.Body, want)
		}
	}
}

func TestReceiveMessage_ReturnsRequestedAttributes(t *testing.T) {
	s := newService(t, sqs.Config{})
	if _, err := s.CreateQueue(sqs.QueueConfig{Name: "events"}); err != nil {
		t.Fatal(err)
	}
	call(t, s, "SendMessage", `{"QueueUrl":"events","MessageBody":"x","MessageAttributes":{
		"trace.id":{"DataType":"String","StringValue":"1"},
		"trace.part":{"DataType":"String","StringValue":"2"},
		"other":{"DataType":"String","StringValue":"3"}},
		"MessageSystemAttributes":{"AWSTraceHeader":{"DataType":"String","StringValue":"Root=1"}}}`)
	for _, test := range []struct{ names, attributes, system string }{
		{``, `map[]`, `map[]`},
		{`"MessageAttributeNames":["All"],"AttributeNames":["AWSTraceHeader"]`,
			`map[other:3 trace.id:1 trace.part:2]`, `map[AWSTraceHeader:Root=1]`},
		{`"MessageAttributeNames":[".*"],"MessageSystemAttributeNames":["SenderId"]`,
			`map[other:3 trace.id:1 trace.part:2]`, `map[SenderId:000000000000]`},
		{`"MessageAttributeNames":["trace.*"]`, `map[trace.id:1 trace.part:2]`, `map[]`},
		{`"MessageAttributeNames":["other","absent"]`, `map[other:3]`, `map[]`},
	} {
		if test.names != "" {
			test.names = "," + test.names
		}
		_, _, response := call(t, s, "ReceiveMessage",
			`{"QueueUrl":"events","VisibilityTimeout":0`+test.names+`}`)
		message := response["Messages"].([]any)[0].(map[string]any)
		attributes, system := map[string]any{}, map[string]any{}
		if all, ok := message["MessageAttributes"].(map[string]any); ok {
			for name, a := range all {
				attributes[name] = a.(map[string]any)["StringValue"]
			}
		}
		if all, ok := message["Attributes"].(map[string]any); ok {
			system = all
		}
		if fmt.Sprint(attributes) != test.attributes || fmt.Sprint(system) != test.system {
			t.Errorf("%s: attributes %v, system attributes %v", test.names, attributes, system)
		}
	}
}

func TestListQueues_ReturnsPages(t *testing.T) {
	s := newService(t, sqs.Config{})
	for _, name := range []string{"a-3", "a-1", "b-1", "a-2"} {
		if _, err := s.CreateQueue(sqs.QueueConfig{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	_, _, first := call(t, s, "ListQueues", `{"QueueNamePrefix":"a-","MaxResults":2}`)
	_, _, second := call(t, s, "ListQueues", fmt.Sprintf(
		`{"QueueNamePrefix":"a-","MaxResults":2,"NextToken":%q}`, first["NextToken"]))
	const url = "http://127.0.0.1:4566/000000000000/"
	want := fmt.Sprintf("[%sa-1 %sa-2] map[QueueUrls:[%sa-3]]", url, url, url)
	if got := fmt.Sprint(first["QueueUrls"], second); got != want {
		t.Errorf("listed %s, want %s", got, want)
	}
}

func call(
	t testing.TB, s *sqs.Service, operation, body string,
) (status int, queryError string, response map[string]any) {
	t.Helper()
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &response); err != nil {
		t.Fatalf("decode response %q of %s: %v", w.Body, operation, err)
	}
	return w.Code, w.Header().Get("X-Amzn-Query-Error"), response
}

func TestSendMessage_RejectsParametersOfFIFOQueues(t *testing.T) {
	s := newService(t, sqs.Config{})
	if _, err := s.CreateQueue(sqs.QueueConfig{Name: "events"}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ operation, parameters, want string }{
		{"SendMessage", `"MessageBody":"x","MessageDeduplicationId":"1"`, "InvalidParameterValue"},
		{"SendMessage", `"MessageBody":"x","MessageDeduplicationId":""`, "InvalidParameterValue"},
		{"SendMessage", `"MessageBody":"x","MessageGroupId":"a b"`, "InvalidParameterValue"},
		{"SendMessage", `"MessageBody":"x","MessageGroupId":"` + strings.Repeat("a", 129) + `"`,
			"InvalidParameterValue"},
		{"ReceiveMessage", `"ReceiveRequestAttemptId":"1"`, "InvalidParameterValue"},
		{"SetQueueAttributes", `"Attributes":{"FifoQueue":"false"}`, "InvalidAttributeName"},
		{"SetQueueAttributes", `"Attributes":{"FifoQueue":"true"}`, "InvalidParameterValue"},
		{"SetQueueAttributes", `"Attributes":{"ContentBasedDeduplication":"true"}`,
			"InvalidAttributeName"},
	} {
		status, _, response := call(t, s, test.operation,
			`{"QueueUrl":"events",`+test.parameters+`}`)
		if status != 400 || response["__type"] != test.want {
			t.Errorf("%s %s: got %d %v", test.operation, test.parameters, status, response)
		}
	}
	_, _, response := call(t, s, "SendMessageBatch", `{"QueueUrl":"events","Entries":[
		{"Id":"a","MessageBody":"x","MessageDeduplicationId":"1"},
		{"Id":"b","MessageBody":"y","MessageGroupId":"tenant-1"}]}`)
	failed := response["Failed"].([]any)[0].(map[string]any)
	if failed["Id"] != "a" || failed["Code"] != "InvalidParameterValue" {
		t.Errorf("got %v", response)
	}
	_, _, response = call(t, s, "ReceiveMessage",
		`{"QueueUrl":"events","AttributeNames":["MessageGroupId"]}`)
	got := fmt.Sprint(response["Messages"].([]any)[0].(map[string]any)["Attributes"])
	if got != "map[MessageGroupId:tenant-1]" {
		t.Errorf("got %s", got)
	}
}

// As a number of nanoseconds, 18446744074 seconds overflows 64 bits and becomes 0.3 seconds.
func TestMessages_RejectDurationsThatOverflow(t *testing.T) {
	s := newService(t, sqs.Config{})
	q, err := s.CreateQueue(sqs.QueueConfig{Name: "events"})
	if err != nil {
		t.Fatal(err)
	}
	send(t, q, "x")
	handle := `"ReceiptHandle":"` + receiveOne(t, q).ReceiptHandle + `"`
	for operation, parameters := range map[string]string{
		"SendMessage":             `"MessageBody":"x","DelaySeconds":18446744074`,
		"ReceiveMessage":          `"VisibilityTimeout":18446744074`,
		"ChangeMessageVisibility": handle + `,"VisibilityTimeout":18446744074`,
	} {
		_, _, response := call(t, s, operation, `{"QueueUrl":"events",`+parameters+`}`)
		if response["__type"] != "InvalidParameterValue" {
			t.Errorf("%s: got %v, want InvalidParameterValue", operation, response)
		}
	}
}

func TestSendMessage_RejectsInvalidAttributeNames(t *testing.T) {
	s := newService(t, sqs.Config{})
	if _, err := s.CreateQueue(sqs.QueueConfig{Name: "events"}); err != nil {
		t.Fatal(err)
	}
	longest := strings.Repeat("n", 256)
	for name, want := range map[string]int{
		"a": 200, "a.b": 200, "A_9-z": 200, "aws": 200, "AWSx": 200, "amazonian.b": 200,
		longest: 200,
		"":      400, ".a": 400, "a.": 400, "a..b": 400, "AWS.a": 400, "aws.a": 400,
		"Amazon.a": 400, "aMAZON.a": 400, "a b": 400, "é": 400, `a\n`: 400, "a/b": 400,
		longest + "n": 400,
	} {
		status, _, response := call(t, s, "SendMessage", `{"QueueUrl":"events","MessageBody":"x",
			"MessageAttributes":{"`+name+`":{"DataType":"String","StringValue":"1"}}}`)
		if status != want {
			t.Errorf("%q: status %d %v, want %d", name, status, response, want)
		}
	}
}
