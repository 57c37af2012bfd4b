package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/uuid"

	localdynamodb "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	locals3 "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	localsqs "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/porttest"
)

// deployed is a stack on services of its own, whose events are accepted and processed by the pipeline's code when a test
// says so.
type deployed struct {
	resources
	url        string
	invocation func(payload []byte) (answer string, functionError string) // of the reconciler
	bus        inmem.Bus
}

func deploy(t *testing.T) *deployed {
	t.Helper()
	d := &deployed{}
	services := make(map[string]http.Handler) // by the service that X-Amz-Target names; S3 sends none
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target, _, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch {
		case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/"):
			d.serveReconciler(w, r)
		case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
			d.serveStack(w, r)
		default:
			services[target].ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	s3, err := locals3.New(locals3.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sqs, err := localsqs.New(localsqs.Config{Endpoint: server.URL, Region: "us-east-1", Account: "000000000000"})
	if err != nil {
		t.Fatal(err)
	}
	dynamodb, err := localdynamodb.New(localdynamodb.Config{})
	if err != nil {
		t.Fatal(err)
	}
	services[""], services["AmazonSQS"], services["DynamoDB_20120810"] = s3, sqs, dynamodb
	d.url, d.Stack = server.URL, "local"
	d.Config = aws.Config{
		Region: "us-east-1", BaseEndpoint: &d.url, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}
	d.makeResources(t)
	return d
}

func (d *deployed) makeResources(t *testing.T) {
	t.Helper()
	buckets := awss3.NewFromConfig(d.Config)
	for _, name := range []string{"bronze", "silver"} {
		if _, err := buckets.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := awsdynamodb.NewFromConfig(d.Config).CreateTable(t.Context(), &awsdynamodb.CreateTableInput{
		TableName: aws.String("events"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: "S"}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: "HASH"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.outputs = map[string]string{
		"BronzeBucketName": "bronze", "SilverBucketName": "silver", "EventsTableName": "events", "ReconcilerFunctionName": "reconciler",
	}
	for output, name := range map[string]string{"QueueUrl": "queue", "DeadLetterQueueUrl": "dlq"} {
		created, err := awssqs.NewFromConfig(d.Config).CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name})
		if err != nil {
			t.Fatal(err)
		}
		d.outputs[output] = *created.QueueUrl
	}
}

func (d *deployed) serveStack(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("Action") == "ListStackResources" {
		io.WriteString(w, `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries/></ListStackResourcesResult></ListStackResourcesResponse>`)
		return
	}
	var outputs strings.Builder
	for _, name := range slices.Sorted(maps.Keys(d.outputs)) {
		fmt.Fprintf(&outputs, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", name, d.outputs[name])
	}
	fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>%s</StackName><Outputs>%s</Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, d.Stack, &outputs)
}

func (d *deployed) serveReconciler(w http.ResponseWriter, r *http.Request) {
	payload, _ := io.ReadAll(r.Body)
	answer, functionError := d.invocation(payload)
	if functionError != "" {
		w.Header().Set("X-Amz-Function-Error", functionError)
	}
	io.WriteString(w, answer)
}

// run runs a command line on the stack.
func (d *deployed) run(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	return runMain(t, append(args, "--aws", d.url)...)
}

// accept accepts events and returns their ids. Of a number that no float64 holds it makes an event all the same, as older
// versions did.
func (d *deployed) accept(t *testing.T, bodies ...string) (ids []string) {
	t.Helper()
	ingest := pipeline.Ingest{
		Bronze: d.bronze(), Items: d.events(), Queue: d.queue(), BronzeBucket: "bronze", MaxPayloadBytes: 1 << 20, Now: time.Now,
		NewID: func() (string, error) { id, err := uuid.NewV7(); return id.String(), err },
	}
	for _, body := range bodies {
		receipt, err := ingest.Accept(t.Context(), pipeline.Request{Body: []byte(body)})
		if pipeline.ErrorCode(err) == pipeline.NumberOutOfRange {
			receipt.Event, err = porttest.AcceptOlder(t.Context(), ingest, []byte(body))
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, receipt.Event.ID)
	}
	return ids
}

// process lets the worker handle what is on the queue.
func (d *deployed) process(t *testing.T) {
	t.Helper()
	worker := pipeline.Worker{
		Items: d.events(), Bronze: d.bronze(), Silver: d.silver(), Bus: &d.bus, Queue: d.queue(), DeadLetters: d.deadLetters(),
		BronzeBucket: "bronze", SilverBucket: "silver", MaxReceiveCount: 3, Now: time.Now, Jitter: func() float64 { return 0 },
	}
	for messages := d.take(t, "QueueUrl"); len(messages) > 0; messages = d.take(t, "QueueUrl") {
		deliveries := make([]pipeline.Delivery, len(messages))
		for i, m := range messages {
			deliveries[i] = pipeline.Delivery{MessageID: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Attempt: 1, Body: []byte(*m.Body)}
		}
		for _, result := range worker.Process(t.Context(), deliveries) {
			if result.Retry {
				t.Fatalf("event %s was not processed: %v", result.Event.ID, result.Err)
			}
		}
	}
}

// take receives messages of a queue and deletes them.
func (d *deployed) take(t *testing.T, output string) []types.Message {
	t.Helper()
	client, url := awssqs.NewFromConfig(d.Config), d.outputs[output]
	out, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range out.Messages {
		if _, err := client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
	return out.Messages
}

// visible is how many messages a queue would give out.
func (d *deployed) visible(t *testing.T, output string) int {
	t.Helper()
	url := d.outputs[output]
	name := types.QueueAttributeNameApproximateNumberOfMessages
	out, err := awssqs.NewFromConfig(d.Config).GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{name},
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(out.Attributes[string(name)])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (d *deployed) wantVisible(t *testing.T, output string, want int) {
	t.Helper()
	if got := d.visible(t, output); got != want {
		t.Errorf("%s: %d messages, want %d", output, got, want)
	}
}

func (d *deployed) wantStatus(t *testing.T, id string, want pipeline.Status) pipeline.Item {
	t.Helper()
	item, err := d.events().Get(t.Context(), id)
	if err != nil || item.Status != want {
		t.Errorf("event %s is %s, %v; want %s", id, item.Status, err, want)
	}
	return item
}

func TestStack_SaysWhatToDoWhenTheLocalPlatformDoesNotAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	for _, args := range [][]string{{"dlq", "list"}, {"replay", "--type", "demo", "--from", "1h", "--dry-run"}, {"reconcile"}} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		var out, errOut strings.Builder
		code := run(ctx, append(args, "--aws", server.URL), strings.NewReader(""), &out, &errOut)
		cancel()
		if code != exitFailure || !strings.Contains(errOut.String(), "Start it with: eventpipeline local. For one on other ports, give --aws") {
			t.Errorf("%v: exit code %d, printed %q", args, code, errOut.String())
		}
	}
}

func TestStack_IsWhereTheAWSCLILooksUnlessAFlagSaysOtherwise(t *testing.T) {
	d := deploy(t)
	var a api
	server := httptest.NewServer(&a)
	t.Cleanup(server.Close)
	d.outputs["ApiUrl"] = server.URL
	list, send := []string{"dlq", "list"}, []string{"send", "--count", "1"}
	t.Setenv(endpointVariable, d.url)
	for _, args := range [][]string{list, send} {
		if code, out, errOut := runMain(t, args...); code != exitOK {
			t.Errorf("%v: exit code %d, printed %q, %q", args, code, out, errOut)
		}
	}
	if _, out, _ := runMain(t, send...); !strings.Contains(out, "status --aws "+d.url+" ") {
		t.Errorf("printed %q, which finds the event in this shell only", out)
	}
	t.Setenv(endpointVariable, "http://127.0.0.1:1")
	for _, args := range [][]string{append(list, "--aws", d.url), append(send, "--aws", d.url), append(send, "--api", server.URL)} {
		if code, out, errOut := runMain(t, args...); code != exitOK {
			t.Errorf("%v: exit code %d, printed %q, %q", args, code, out, errOut)
		}
	}
	t.Setenv(endpointVariable, "127.0.0.1:4566")
	if code, _, errOut := runMain(t, list...); code != exitUsage || !strings.Contains(errOut, `AWS_ENDPOINT_URL is "127.0.0.1:4566"; it must be a URL`) {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
	if code, out, _ := runMain(t, "dlq", "list", "--help"); code != exitOK || !strings.Contains(out, "AWS_ENDPOINT_URL") {
		t.Errorf("printed %q", out)
	}
}

func TestAPI_SaysWhatToDoWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	err := new(apiFlags).explain(errors.New("connection refused"))
	for _, want := range []string{"Start it with: eventpipeline local", "on other ports, give --aws", "--api or --stack"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("said %v, not %s", err, want)
		}
	}
}

func TestStack_NamesTheOutputsThatAreMissing(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	delete(d.outputs, "DeadLetterQueueUrl")
	if code, _, errOut := d.run(t, "dlq", "list"); code != exitFailure || !strings.Contains(errOut, "stack local has no output DeadLetterQueueUrl") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
	delete(d.outputs, "EventsTableName")
	if code, _, errOut := d.run(t, "reconcile"); code != exitFailure || !strings.Contains(errOut, "no stack here has an EventPipeline") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}

// lines are the JSON values that were printed, one a line.
func lines[T any](t *testing.T, printed string) (values []T) {
	t.Helper()
	for line := range strings.Lines(printed) {
		var value T
		if err := json.Unmarshal([]byte(line), &value); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		values = append(values, value)
	}
	return values
}
