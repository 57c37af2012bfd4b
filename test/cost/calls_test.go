// Package cost tests the cost model in package internal/cli/cost. It compares the model with the
// requests of the Lambda functions.
package cost

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/cost"
	localdynamodb "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	localbus "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	locals3 "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	localsqs "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/api"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/worker"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func TestCalls_OfSingleEvents(t *testing.T) {
	f := newFunctions(t)
	const count = 100
	for i := range count {
		f.post(t, "application/json", fmt.Sprintf(`{"eventType":"demo","number":%d}`, i))
	}
	want := cost.APICalls().Times(count)
	if diff := cmp.Diff(want, f.takeCalls(t)); diff != "" {
		t.Errorf("calls of the API function (-model +counted):\n%s", diff)
	}
	invocations := f.process(t)
	want = cost.WorkerCalls(10, 1, cost.PerEvent).Times(float64(invocations))
	if diff := cmp.Diff(want, f.takeCalls(t)); invocations != count/10 || diff != "" {
		t.Errorf("calls of the worker in %d invocations (-model +counted):\n%s", invocations, diff)
	}
}

func TestCalls_OfBatches(t *testing.T) {
	for mode, most := range map[cost.Notifications]float64{
		cost.PerBatch: 9, cost.PerEvent: 18, cost.None: 8,
	} {
		f := newFunctions(t)
		f.worker.Worker.Notifications = pipeline.Notifications(mode)
		const count = 100
		elements := make([]string, count)
		for i := range elements {
			elements[i] = fmt.Sprintf(`{"eventType":"demo","number":%d}`, i)
		}
		f.post(t, "application/json", "["+strings.Join(elements, ",")+"]")
		ingest := f.takeCalls(t)
		if diff := cmp.Diff(cost.APICalls(), ingest); diff != "" {
			t.Errorf("%s: calls of the API function (-model +counted):\n%s", mode, diff)
		}
		invocations := f.process(t)
		work := f.takeCalls(t)
		diff := cmp.Diff(cost.WorkerCalls(1, count, mode), work)
		if invocations != 1 || diff != "" {
			t.Errorf("%s: calls of the worker in %d invocations (-model +counted):\n%s",
				mode, invocations, diff)
		}
		if total := ingest.Total() + work.Total(); total > most {
			t.Errorf("%s: %v calls for %d events, want at most %v", mode, total, count, most)
		}
		wantSize(t, "item of a batch", f.itemSize(t), cost.Item)
	}
}

func TestSizes_AreThoseOfTheFunctions(t *testing.T) {
	f := newFunctions(t)
	const count, payload = 10, 800
	body := `{"eventType":"demo","text":"` + strings.Repeat("x", payload-30) + `"}`
	for range count {
		f.post(t, "application/json", body)
	}
	// On Lambda, each line also contains the request id and the trace id. The two ids need about
	// 140 bytes.
	const ids = 140
	wantSize(t, "API function's line", f.takeLog(t, "event accepted", count)+ids, cost.APILine)
	f.process(t)
	log := f.logs.String()
	wantSize(t, "worker's line per message", lineSize(t, log, "event processed", count)+ids,
		cost.WorkerLine)
	wantSize(t, "worker's line per invocation", lineSize(t, log, "batch done", 1)+ids,
		cost.InvocationLine)
	wantSize(t, "item", f.itemSize(t), cost.Item)
	wantSize(t, "record", f.recordSize(t)-float64(len(body)), cost.RecordOverhead)
}

// wantSize checks that a size differs from the model's size by at most a quarter.
func wantSize(t *testing.T, what string, got, model float64) {
	t.Helper()
	if got < model*0.75 || got > model*1.25 {
		t.Errorf("%s: got %.0f bytes, the model has %.0f", what, got, model)
	}
}

func (f *functions) takeLog(t *testing.T, message string, count int) float64 {
	t.Helper()
	defer f.logs.Reset()
	return lineSize(t, f.logs.String(), message, count)
}

// lineSize returns the mean size of the log lines with the message. The log must contain n such
// lines.
func lineSize(t *testing.T, log, message string, n int) float64 {
	t.Helper()
	size, lines := 0, 0
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"msg":"`+message+`"`) {
			size, lines = size+len(line), lines+1
		}
	}
	if lines != n {
		t.Fatalf("%d lines %q, want %d", lines, message, n)
	}
	return float64(size) / float64(lines)
}

// itemSize returns the size of a stored item, as DynamoDB bills it.
func (f *functions) itemSize(t *testing.T) float64 {
	t.Helper()
	out, err := awsdynamodb.NewFromConfig(f.cfg).Scan(t.Context(), &awsdynamodb.ScanInput{
		TableName: aws.String("events"), Limit: aws.Int32(1),
	})
	if err != nil || len(out.Items) != 1 {
		t.Fatalf("scan: %v, %v", out, err)
	}
	return valueSize(&dynamodbtypes.AttributeValueMemberM{Value: out.Items[0]})
}

func valueSize(v dynamodbtypes.AttributeValue) float64 {
	switch v := v.(type) {
	case *dynamodbtypes.AttributeValueMemberS:
		return float64(len(v.Value))
	case *dynamodbtypes.AttributeValueMemberN:
		return float64(len(v.Value)/2 + 1)
	case *dynamodbtypes.AttributeValueMemberM:
		size := 0.0
		for name, member := range v.Value {
			size += float64(len(name)) + valueSize(member)
		}
		return size
	}
	return 1
}

// recordSize returns the size of a record in Silver.
func (f *functions) recordSize(t *testing.T) float64 {
	t.Helper()
	out, err := awss3.NewFromConfig(f.cfg).ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{
		Bucket: aws.String("silver"), MaxKeys: aws.Int32(1),
	})
	if err != nil || len(out.Contents) != 1 {
		t.Fatalf("list: %v, %v", out, err)
	}
	return float64(*out.Contents[0].Size)
}

// functions holds the API function and the worker, and counts their calls to emulated services.
type functions struct {
	api    handler.API
	worker handler.Worker
	cfg    aws.Config
	queue  *awssqs.Client
	url    string // URL of the queue
	logs   *bytes.Buffer

	mu     sync.Mutex
	calls  cost.Calls
	others []string // calls that the model does not contain
}

func newFunctions(t *testing.T) *functions {
	t.Helper()
	f := &functions{logs: &bytes.Buffer{}}
	services := map[string]http.Handler{} // by prefix of X-Amz-Target; S3 has none
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.count(r)
		prefix, _, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		services[prefix].ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	f.cfg = aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:  awsconfig.PlainBodies(awsconfig.NewHTTPClient()),
	}
	var err error
	if services[""], err = locals3.New(locals3.Config{}); err != nil {
		t.Fatal(err)
	}
	services["DynamoDB_20120810"], err = localdynamodb.New(localdynamodb.Config{})
	if err != nil {
		t.Fatal(err)
	}
	services["AmazonSQS"], err = localsqs.New(localsqs.Config{
		Endpoint: server.URL, Region: "us-east-1", Account: "000000000000",
	})
	if err != nil {
		t.Fatal(err)
	}
	bus := localbus.New(localbus.Config{Region: "us-east-1", Account: "000000000000"})
	services["AWSEvents"] = bus
	t.Cleanup(func() { bus.Close() })
	f.createResources(t)

	variables := f.variables(t)
	env := contract.NewReader(func(name string) string { return variables[name] })
	log := logging.New(f.logs, "info")
	if f.api, err = api.New(f.cfg, env, log); err != nil {
		t.Fatal(err)
	}
	if f.worker, err = worker.New(f.cfg, env, log); err != nil {
		t.Fatal(err)
	}
	f.calls, f.others = cost.Calls{}, nil // forget the creation of the resources
	return f
}

// variables returns the environment variables of the functions in the stage prod. The names of
// emulated resources replace the names of resources on AWS.
func (f *functions) variables(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile("../templates/testdata/prod.template.json")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Properties struct {
				Environment struct{ Variables map[string]any }
			}
		}
	}
	if err := json.Unmarshal(content, &template); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{}
	for _, r := range template.Resources {
		for name, value := range r.Properties.Environment.Variables {
			if text, ok := value.(string); ok {
				variables[name] = text
			}
		}
	}
	maps.Copy(variables, map[string]string{
		contract.BronzeBucket: "bronze", contract.SilverBucket: "silver",
		contract.EventsTable: "events", contract.QueueURL: f.url,
		contract.DeadLetterQueueURL: f.url + "-dlq", contract.EventBusName: "default",
	})
	return variables
}

func (f *functions) createResources(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	for _, name := range []string{"bronze", "silver"} {
		in := &awss3.CreateBucketInput{Bucket: &name}
		if _, err := awss3.NewFromConfig(f.cfg).CreateBucket(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	_, err := awsdynamodb.NewFromConfig(f.cfg).CreateTable(ctx, &awsdynamodb.CreateTableInput{
		TableName: aws.String("events"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: "S"},
		},
		KeySchema: []dynamodbtypes.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: "HASH"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.queue = awssqs.NewFromConfig(f.cfg)
	in := &awssqs.CreateQueueInput{QueueName: aws.String("queue")}
	queue, err := f.queue.CreateQueue(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	f.url = *queue.QueueUrl
}

// count counts an AWS request. It ignores ReceiveMessage and DeleteMessageBatch. On AWS, Lambda's
// poller sends these requests.
func (f *functions) count(r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case operation == "ReceiveMessage", operation == "DeleteMessageBatch":
	case operation == "SendMessage":
		f.calls.SendMessage++
	case operation == "PutEvents":
		f.calls.PutEvents++
	case operation == "UpdateItem", operation == "PutItem":
		f.calls.WriteItem++
	case operation == "BatchGetItem":
		f.calls.ReadItems++
	case operation == "" && r.Method == "PUT":
		f.calls.PutObject++
	case operation == "" && r.Method == "GET":
		f.calls.GetObject++
	default:
		f.others = append(f.others, r.Method+" "+r.URL.Path+" "+operation)
	}
}

// takeCalls returns the calls since the previous call of takeCalls.
func (f *functions) takeCalls(t *testing.T) cost.Calls {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.others) > 0 {
		t.Errorf("calls that the model does not contain: %q", f.others)
	}
	f.others = nil
	calls := f.calls
	f.calls = cost.Calls{}
	return calls
}

// post invokes the API function with a request.
func (f *functions) post(t *testing.T, contentType, body string) string {
	t.Helper()
	request := events.APIGatewayV2HTTPRequest{
		RouteKey: "POST /events", RawPath: "/events", Body: body,
		Headers: map[string]string{"content-type": contentType},
	}
	request.RequestContext.HTTP.Method = "POST"
	request.RequestContext.HTTP.Path = "/events"
	request.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{
			UserARN: "arn:aws:sts::111122223333:assumed-role/producer-role/session-name",
		},
	}
	event, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	response, err := f.api.Invoke(t.Context(), event)
	if err != nil || !strings.Contains(string(response), `"statusCode":202`) {
		t.Fatalf("got %s, %v", response, err)
	}
	return string(response)
}

// process invokes the worker with ten messages at a time until the queue is empty. It returns the
// number of invocations.
func (f *functions) process(t *testing.T) (invocations int) {
	t.Helper()
	for {
		received, err := f.queue.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
			QueueUrl: &f.url, MaxNumberOfMessages: 10,
			MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(received.Messages) == 0 {
			return invocations
		}
		invocations++
		f.invokeWorker(t, received.Messages)
	}
}

func (f *functions) invokeWorker(t *testing.T, messages []sqstypes.Message) {
	t.Helper()
	var event events.SQSEvent
	var delete []sqstypes.DeleteMessageBatchRequestEntry
	for _, m := range messages {
		event.Records = append(event.Records, events.SQSMessage{
			MessageId: *m.MessageId, Body: *m.Body, ReceiptHandle: *m.ReceiptHandle,
			Attributes: m.Attributes,
		})
		delete = append(delete, sqstypes.DeleteMessageBatchRequestEntry{
			Id: m.MessageId, ReceiptHandle: m.ReceiptHandle,
		})
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	response, err := f.worker.Invoke(ctx, payload)
	if err != nil || strings.Contains(string(response), "itemIdentifier") {
		t.Fatalf("the worker answered %s, %v", response, err)
	}
	in := &awssqs.DeleteMessageBatchInput{QueueUrl: &f.url, Entries: delete}
	if _, err := f.queue.DeleteMessageBatch(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}
