package sqs_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

const queueURLPath = "/000000000000/events"

// query sends a form to a queue's path. It returns the status, and the response without the request
// id.
func query(t *testing.T, s *sqs.Service, path string, parameters ...string) (int, string) {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=k/20261123/us-east-1/sqs/aws4_request")
	w := httptest.NewRecorder()
	sqs.QueryProtocol(s).ServeHTTP(w, r)
	id := w.Header().Get("X-Amzn-Requestid")
	if id == "" {
		t.Errorf("%v: no request id", parameters)
	}
	return w.Code, strings.ReplaceAll(w.Body.String(), id, "ID")
}

func TestQueryProtocol_AnswersInXML(t *testing.T) {
	s := newService(t, sqs.Config{NewID: func() string { return "id" }})
	const metadata = `<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata>`
	open := func(action string) string {
		return `<` + action + `Response xmlns="http://queue.amazonaws.com/doc/2012-11-05/">` +
			`<` + action + `Result>`
	}
	end := func(action string) string {
		return `</` + action + `Result>` + metadata + `</` + action + `Response>`
	}
	const md5OfX = "9dd4e461268c8034f5c8564e155c67a6"
	for _, test := range []struct {
		path, action string
		parameters   []string
		want         string
	}{
		{"/", "CreateQueue", []string{"QueueName", "events",
			"Attribute.1.Name", "VisibilityTimeout", "Attribute.1.Value", "0",
			"Attribute.2.Name", "DelaySeconds", "Attribute.2.Value", "0"},
			"<QueueUrl>http://127.0.0.1:4566/000000000000/events</QueueUrl>"},
		{"/", "ListQueues", []string{"QueueNamePrefix", "ev", "MaxResults", "10"},
			"<QueueUrl>http://127.0.0.1:4566/000000000000/events</QueueUrl>"},
		{queueURLPath, "GetQueueAttributes", []string{
			"AttributeName.1", "VisibilityTimeout", "AttributeName.2", "QueueArn"},
			"<Attribute><Name>QueueArn</Name>" +
				"<Value>arn:aws:sqs:us-east-1:000000000000:events</Value></Attribute>" +
				"<Attribute><Name>VisibilityTimeout</Name><Value>0</Value></Attribute>"},
		{queueURLPath, "SendMessageBatch", []string{
			"SendMessageBatchRequestEntry.1.Id", "a", "SendMessageBatchRequestEntry.1.MessageBody",
			"x",
			"SendMessageBatchRequestEntry.2.Id", "b", "SendMessageBatchRequestEntry.2.MessageBody",
			"y",
			"SendMessageBatchRequestEntry.2.DelaySeconds", "901"},
			"<BatchResultErrorEntry><Code>InvalidParameterValue</Code><Id>b</Id>" +
				"<Message>Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds " +
				"must be &gt;= 0 and &lt;= 900.</Message>" +
				"<SenderFault>true</SenderFault></BatchResultErrorEntry>" +
				"<SendMessageBatchResultEntry><Id>a</Id><MD5OfMessageBody>" + md5OfX +
				"</MD5OfMessageBody><MessageId>id</MessageId></SendMessageBatchResultEntry>"},
		{queueURLPath, "PurgeQueue", nil, ""},
		{queueURLPath, "ReceiveMessage", []string{"WaitTimeSeconds", "0"}, ""},
		{queueURLPath + "/", "SendMessage",
			[]string{"MessageBody", "<a & b>\n", "DelaySeconds", "0",
				"MessageAttribute.1.Name", "n", "MessageAttribute.1.Value.DataType", "Number",
				"MessageAttribute.1.Value.StringValue", "1",
				"MessageAttribute.2.Name", "bytes", "MessageAttribute.2.Value.DataType", "Binary",
				"MessageAttribute.2.Value.BinaryValue", "AQID"},
			"<MD5OfMessageAttributes>ffbf8edf69d02d9e423941020f80eed7</MD5OfMessageAttributes>" +
				"<MD5OfMessageBody>62d8f8a22197916b6f0df023d55b161f</MD5OfMessageBody>" +
				"<MessageId>id</MessageId>"},
	} {
		parameters := append([]string{"Action", test.action, "Version", "2012-11-05"},
			test.parameters...)
		want := open(test.action) + test.want + end(test.action)
		if status, got := query(t, s, test.path, parameters...); status != 200 || got != want {
			t.Errorf("%s: got %d %s\nwant %s", test.action, status, got, want)
		}
	}
	_, got := query(t, s, queueURLPath, "Action", "ReceiveMessage",
		"MessageAttributeName.1", "All", "AttributeName.1", "SenderId")
	for _, part := range []string{
		"<Message><Attribute><Name>SenderId</Name><Value>000000000000</Value></Attribute>",
		"<Body>&lt;a &amp; b&gt;&#xA;</Body>",
		"<MessageAttribute><Name>bytes</Name><Value><BinaryValue>AQID</BinaryValue>" +
			"<DataType>Binary</DataType></Value></MessageAttribute>",
		"<MessageAttribute><Name>n</Name><Value><DataType>Number</DataType>" +
			"<StringValue>1</StringValue></Value></MessageAttribute>",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("got %s\nwant %s in it", got, part)
		}
	}
}

func TestQueryProtocol_AnswersWithFormerErrorCodes(t *testing.T) {
	s := newService(t, sqs.Config{})
	for _, test := range []struct {
		path, action, parameter, value, code string
		status                               int
	}{
		{"/000000000000/absent", "SendMessage", "MessageBody", "x",
			"AWS.SimpleQueueService.NonExistentQueue", 400},
		{"/", "SendMessage", "MessageBody", "x", "MissingParameter", 400},
		{queueURLPath, "AddPermission", "Label", "x", "UnknownOperationException", 400},
		{queueURLPath, "SendMessage", "DelaySeconds", "soon", "SerializationException", 400},
		{"/", "ListMessageMoveTasks", "SourceArn", "arn:aws:sqs:us-east-1:000000000000:x",
			"ResourceNotFoundException", 404},
	} {
		status, got := query(t, s, test.path, "Action", test.action, test.parameter, test.value)
		if status != test.status || !strings.Contains(got, "<Code>"+test.code+"</Code>") {
			t.Errorf("%s: got %d %s, want %s", test.action, status, got, test.code)
		}
	}
}

func TestQueryProtocol_PassesOtherRequestsUnchanged(t *testing.T) {
	var got string
	h := sqs.QueryProtocol(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.String() + " " + string(body)
	}))
	for _, test := range []struct{ method, url, contentType, body string }{
		{"POST", "/", "application/x-www-form-urlencoded", "Action=DescribeStacks"},
		{"POST", "/", "application/x-amz-json-1.0", "{}"},
		{"GET", "/000000000000/events", "", ""},
		{"PUT", "/000000000000/events", "application/json", "{}"},
	} {
		r := httptest.NewRequest(test.method, test.url, strings.NewReader(test.body))
		r.Header.Set("Content-Type", test.contentType)
		h.ServeHTTP(httptest.NewRecorder(), r)
		if want := test.method + " " + test.url + " " + test.body; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
