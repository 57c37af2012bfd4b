package main

import (
	"context"
	"encoding/json"
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

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	localdynamodb "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	locallogs "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/logs"
	locals3 "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	localsqs "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/porttest"
)

// deployed represents a pipeline with emulated services. A test calls accept and process to let the
// pipeline accept and process events.
type deployed struct {
	deployment.Pipeline
	url        string
	api        string // output ApiUrl, if set
	reconciler func(payload []byte) (response, functionError string)
	bus        inmem.Bus
	logs       *locallogs.Service
	objectAge  time.Duration // makes S3 report this age for new objects
	// processor implements the worker's processor. If it is nil, the worker has no processor.
	processor func(payload []byte) error
}

func deploy(t *testing.T) *deployed {
	t.Helper()
	d := &deployed{}
	// The map's keys are prefixes of the header X-Amz-Target. The key of S3 is "": its requests
	// have no such header.
	services := make(map[string]http.Handler)
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
	s3, err := locals3.New(locals3.Config{
		Now: func() time.Time { return time.Now().Add(-d.objectAge) },
	})
	if err != nil {
		t.Fatal(err)
	}
	sqs, err := localsqs.New(localsqs.Config{
		Endpoint: server.URL, Region: "us-east-1", Account: "000000000000",
	})
	if err != nil {
		t.Fatal(err)
	}
	dynamodb, err := localdynamodb.New(localdynamodb.Config{})
	if err != nil {
		t.Fatal(err)
	}
	d.logs = locallogs.New(locallogs.Config{Region: "us-east-1", Account: "000000000000"})
	services[""], services["AmazonSQS"], services["DynamoDB_20120810"] = s3, sqs, dynamodb
	services["Logs_20140328"] = d.logs
	d.url, d.Stack = server.URL, "local"
	d.Config = aws.Config{
		Region: "us-east-1", BaseEndpoint: &d.url,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		// Without PlainBodies, net/http may close a connection before the SDK has read the
		// response. If a response of ReceiveMessage is lost, the received messages stay invisible
		// until the visibility timeout.
		HTTPClient: awsconfig.PlainBodies(awsconfig.NewHTTPClient()),
	}
	d.createResources(t)
	return d
}

func (d *deployed) createResources(t *testing.T) {
	t.Helper()
	d.Bronze, d.Silver, d.ReconcilerFunction = "bronze", "silver", "reconciler"
	buckets := awss3.NewFromConfig(d.Config)
	for _, name := range []string{d.Bronze, d.Silver} {
		_, err := buckets.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name})
		if err != nil {
			t.Fatal(err)
		}
	}
	d.createNamed(t, "")
}

// createNamed creates a table and queues with names that begin with prefix. The new table and
// queues replace those of d.
func (d *deployed) createNamed(t *testing.T, prefix string) {
	t.Helper()
	d.Table = prefix + "events"
	_, err := awsdynamodb.NewFromConfig(d.Config).
		CreateTable(t.Context(), &awsdynamodb.CreateTableInput{
			TableName: &d.Table, BillingMode: dynamodbtypes.BillingModePayPerRequest,
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
	queues := awssqs.NewFromConfig(d.Config)
	for suffix, url := range map[string]*string{"queue": &d.QueueURL, "dlq": &d.DLQURL} {
		name := prefix + suffix
		created, err := queues.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name})
		if err != nil {
			t.Fatal(err)
		}
		*url = *created.QueueUrl
	}
}

// serveStack serves a CloudFormation API with one stack. The stack has the pipeline's outputs, but
// no resources.
func (d *deployed) serveStack(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("Action") == "ListStackResources" {
		io.WriteString(w, `<ListStackResourcesResponse><ListStackResourcesResult>`+
			`<StackResourceSummaries/></ListStackResourcesResult></ListStackResourcesResponse>`)
		return
	}
	outputs := d.Outputs()
	if d.api != "" {
		outputs["ApiUrl"] = d.api
	}
	var members strings.Builder
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		fmt.Fprintf(
			&members, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>",
			name, outputs[name],
		)
	}
	fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
<StackName>%s</StackName><Outputs>%s</Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, d.Stack, &members)
}

func (d *deployed) serveReconciler(w http.ResponseWriter, r *http.Request) {
	payload, _ := io.ReadAll(r.Body)
	response, functionError := d.reconciler(payload)
	if functionError != "" {
		w.Header().Set("X-Amz-Function-Error", functionError)
	}
	io.WriteString(w, response)
}

// run runs a command line on the stack.
func (d *deployed) run(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	return runMain(t, append(args, "--aws", d.url)...)
}

// accept accepts events and returns their ids. It also accepts numbers that are too large for
// float64, as older versions of the pipeline did.
func (d *deployed) accept(t *testing.T, bodies ...string) (ids []string) {
	t.Helper()
	ingest := d.ingest()
	for _, body := range bodies {
		accepted, err := ingest.Accept(t.Context(), pipeline.Request{Body: []byte(body)})
		if pipeline.ErrorCode(err) == pipeline.NumberOutOfRange {
			accepted.Event, err = porttest.AcceptOlder(t.Context(), ingest, []byte(body))
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, accepted.Event.ID)
	}
	return ids
}

// acceptBatch accepts a batch of events of one type and returns the batch's id.
func (d *deployed) acceptBatch(t *testing.T, events ...string) string {
	t.Helper()
	var elements [][]byte
	for _, event := range events {
		elements = append(elements, []byte(event))
	}
	accepted, err := d.ingest().AcceptBatch(t.Context(), pipeline.BatchRequest{Elements: elements})
	if err != nil {
		t.Fatal(err)
	}
	return accepted.Batches[0].ID
}

func (d *deployed) ingest() pipeline.Ingest {
	return pipeline.Ingest{
		Bronze: d.BronzeBucket(), Items: d.Items(), Queue: d.Queue(), BronzeBucket: d.Bronze,
		MaxPayloadBytes: 1 << 20, Now: time.Now,
		NewID: func() (string, error) { id, err := uuid.NewV7(); return id.String(), err },
	}
}

// process runs the worker until the queue has no visible message.
func (d *deployed) process(t *testing.T) {
	t.Helper()
	for d.processOnce(t) {
	}
}

// processOnce runs the worker with up to ten messages of the queue. It reports whether the queue
// had a message.
func (d *deployed) processOnce(t *testing.T) bool {
	t.Helper()
	worker := pipeline.Worker{
		Items: d.Items(), Bronze: d.BronzeBucket(), Silver: d.SilverBucket(), Bus: &d.bus,
		Queue: d.Queue(), DeadLetters: d.DeadLetterQueue(), BronzeBucket: d.Bronze,
		SilverBucket: d.Silver, MaxReceiveCount: 3, Now: time.Now,
		Jitter: func() float64 { return 0 },
	}
	if d.processor != nil {
		worker.Processor = processorFunc(d.processor)
	}
	messages := d.take(t, d.QueueURL)
	deliveries := make([]pipeline.Delivery, len(messages))
	for i, m := range messages {
		deliveries[i] = pipeline.Delivery{
			MessageID:     *m.MessageId,
			ReceiptHandle: *m.ReceiptHandle,
			Attempt:       1,
			Body:          []byte(*m.Body),
		}
	}
	// An interrupted replay can enqueue an event twice. Then the worker can return one of the two
	// messages for a retry.
	for try := 0; len(deliveries) > 0; try++ {
		var again []pipeline.Delivery
		for i, result := range worker.Process(t.Context(), deliveries) {
			if result.Retry && try > 0 {
				t.Fatalf("event %s was not processed: %v", result.Event.ID, result.Err)
			}
			if result.Retry {
				again = append(again, deliveries[i])
			}
		}
		deliveries = again
	}
	return len(messages) > 0
}

// processorFunc implements pipeline.Processor. It does not change the payload.
type processorFunc func(payload []byte) error

func (f processorFunc) Process(
	_ context.Context, _ pipeline.Event, _ int, payload []byte,
) (pipeline.Output, error) {
	return pipeline.Output{Payloads: []json.RawMessage{payload}}, f(payload)
}

func (d *deployed) deleteObject(t *testing.T, l pipeline.Location) {
	t.Helper()
	_, err := awss3.NewFromConfig(d.Config).DeleteObject(t.Context(), &awss3.DeleteObjectInput{
		Bucket: &l.Bucket, Key: &l.Key,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// take receives up to ten messages of a queue, deletes them and returns them.
func (d *deployed) take(t *testing.T, url string) []types.Message {
	t.Helper()
	client := awssqs.NewFromConfig(d.Config)
	out, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range out.Messages {
		_, err := client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{
			QueueUrl: &url, ReceiptHandle: m.ReceiptHandle,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.Messages
}

// receiveDeadLetters receives the messages in the DLQ, and returns their receipt handles. Other
// clients can't receive these messages for a minute. The test fails if the number of messages
// differs from want.
func (d *deployed) receiveDeadLetters(t *testing.T, want int) (receiptHandles []string) {
	t.Helper()
	held, err := d.DeadLetterQueue().Receive(t.Context(), time.Minute)
	if err != nil || len(held) != want {
		t.Fatalf("received %d dead letters, want %d, %v", len(held), want, err)
	}
	for _, message := range held {
		receiptHandles = append(receiptHandles, message.ReceiptHandle)
	}
	return receiptHandles
}

// countVisible returns the number of visible messages of a queue.
func (d *deployed) countVisible(t *testing.T, url string) int {
	t.Helper()
	name := types.QueueAttributeNameApproximateNumberOfMessages
	out, err := awssqs.NewFromConfig(d.Config).GetQueueAttributes(t.Context(),
		&awssqs.GetQueueAttributesInput{
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

func (d *deployed) wantVisible(t *testing.T, url string, want int) {
	t.Helper()
	if got := d.countVisible(t, url); got != want {
		t.Errorf("%s: %d messages, want %d", url, got, want)
	}
}

func (d *deployed) wantStatus(t *testing.T, id string, want pipeline.Status) pipeline.Item {
	t.Helper()
	item, err := d.Items().Get(t.Context(), id)
	if err != nil || item.Status != want {
		t.Errorf("event %s is %s, %v; want %s", id, item.Status, err, want)
	}
	return item
}

// parseLines parses JSON values, one per line.
func parseLines[T any](t *testing.T, printed string) (values []T) {
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

// suggestedArgs returns the arguments of the command line that the printed text suggests.
func suggestedArgs(t *testing.T, printed string) []string {
	t.Helper()
	_, after, ok := strings.Cut(printed, "eventpipeline ")
	if !ok {
		t.Fatalf("%q suggests no command", printed)
	}
	line, _, _ := strings.Cut(after, "\n")
	return strings.Fields(line)
}
