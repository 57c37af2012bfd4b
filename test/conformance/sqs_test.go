package conformance

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	localsqs "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// localQueues is the local SQS service. It contains the queues to which the local EventBridge
// delivers events.
var localQueues *localsqs.Service

func startSQS(endpoint string) (_ http.Handler, err error) {
	localQueues, err = localsqs.New(localsqs.Config{
		Endpoint: endpoint, Region: "us-east-1", Account: "123456789012",
	})
	return localQueues, err
}

// testQueue represents a new queue on a target.
type testQueue struct {
	*testing.T
	target target
	client *sqs.Client
	url    string
}

func (q testQueue) name() *string {
	return aws.String(q.url[strings.LastIndexByte(q.url, '/')+1:])
}

func forEachQueue(t *testing.T, attributes map[string]string, fn func(q testQueue)) {
	t.Helper()
	forEachTarget(t, func(t *testing.T, target target) {
		fn(newTestQueue(t, target, attributes))
	})
}

func newTestQueue(t *testing.T, target target, attributes map[string]string) testQueue {
	t.Helper()
	client := sqs.NewFromConfig(target.Config)
	name := uniqueName("queue")
	in := &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes}
	out, err := client.CreateQueue(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(*out.QueueUrl, "/"+name) {
		t.Fatalf("URL of queue %s: %s", name, *out.QueueUrl)
	}
	return testQueue{t, target, client, *out.QueueUrl}
}

func (q testQueue) send(body string) string {
	q.Helper()
	out, err := q.trySend(body)
	if err != nil {
		q.Fatal(err)
	}
	return *out.MessageId
}

func (q testQueue) trySend(body string) (*sqs.SendMessageOutput, error) {
	in := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body}
	return q.client.SendMessage(q.Context(), in)
}

func (q testQueue) delete(m types.Message) {
	q.Helper()
	in := &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: m.ReceiptHandle}
	if _, err := q.client.DeleteMessage(q.Context(), in); err != nil {
		q.Fatal(err)
	}
}

func (q testQueue) changeVisibility(m types.Message, seconds int32) error {
	_, err := q.client.ChangeMessageVisibility(q.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds,
	})
	return err
}

func (q testQueue) getAttributes(names ...types.QueueAttributeName) (map[string]string, error) {
	in := &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: names}
	out, err := q.client.GetQueueAttributes(q.Context(), in)
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

// receive receives up to ten messages. It waits for a message for at most the given seconds.
func (q testQueue) receive(seconds int32) []types.Message {
	q.Helper()
	out, err := q.client.ReceiveMessage(q.Context(), &sqs.ReceiveMessageInput{
		QueueUrl:                    &q.url,
		MaxNumberOfMessages:         10,
		WaitTimeSeconds:             seconds,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
		MessageAttributeNames:       []string{"All"},
	})
	if err != nil {
		q.Fatal(err)
	}
	return out.Messages
}

func (q testQueue) receiveOne(seconds int32) types.Message {
	q.Helper()
	got := q.receive(seconds)
	if len(got) != 1 {
		q.Fatalf("received %d messages, want one", len(got))
	}
	return got[0]
}

func (q testQueue) expectAttributes(want map[string]string) {
	q.Helper()
	var names []types.QueueAttributeName
	for name := range want {
		names = append(names, types.QueueAttributeName(name))
	}
	got, err := q.getAttributes(names...)
	if err != nil {
		q.Fatal(err)
	}
	if !maps.Equal(got, want) {
		q.Errorf("attributes %v, want %v", got, want)
	}
}

func (q testQueue) expectDepth(visible, inFlight, delayed int) {
	q.Helper()
	q.expectAttributes(map[string]string{
		"ApproximateNumberOfMessages":           fmt.Sprint(visible),
		"ApproximateNumberOfMessagesNotVisible": fmt.Sprint(inFlight),
		"ApproximateNumberOfMessagesDelayed":    fmt.Sprint(delayed),
	})
}

func TestSQS_ReceivesAMessageUntilItIsDeleted(t *testing.T) {
	forEachQueue(t, map[string]string{"VisibilityTimeout": "1"}, func(q testQueue) {
		before := time.Now().Add(-time.Second)
		id := q.send("a < b & \"c\" ✓")
		q.expectDepth(1, 0, 0)

		first := q.receiveOne(0)
		if *first.MessageId != id || *first.Body != "a < b & \"c\" ✓" {
			q.Fatalf("received %s %q", *first.MessageId, *first.Body)
		}
		attributes := first.Attributes
		if attributes["ApproximateReceiveCount"] != "1" || attributes["SenderId"] == "" {
			q.Errorf("system attributes %v", attributes)
		}
		after := time.Now().Add(time.Second)
		for _, name := range []string{"SentTimestamp", "ApproximateFirstReceiveTimestamp"} {
			ms, err := strconv.ParseInt(attributes[name], 10, 64)
			at := time.UnixMilli(ms)
			if err != nil || at.Before(before) || at.After(after) {
				q.Errorf("%s is %q", name, attributes[name])
			}
		}
		q.expectDepth(0, 1, 0)
		if got := q.receive(0); len(got) != 0 {
			q.Fatalf("received %d messages within the visibility timeout", len(got))
		}

		second := q.receiveOne(10) // waits until the visibility timeout is over
		if *second.MessageId != id || *second.ReceiptHandle == *first.ReceiptHandle ||
			second.Attributes["ApproximateReceiveCount"] != "2" {
			q.Fatalf("received %+v", second)
		}
		q.delete(second)
		q.expectDepth(0, 0, 0)
		q.delete(second)
	})
}

func TestSQS_LongPollReturnsASentMessage(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		start := time.Now()
		var group errgroup.Group
		group.Go(func() error {
			in := &sqs.ReceiveMessageInput{QueueUrl: &q.url, WaitTimeSeconds: 20}
			out, err := q.client.ReceiveMessage(q.Context(), in)
			if err == nil && len(out.Messages) != 1 {
				err = fmt.Errorf("received %d messages", len(out.Messages))
			}
			return err
		})
		q.send("hello")
		if err := group.Wait(); err != nil || time.Since(start) > 15*time.Second {
			q.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestSQS_ChangesMessageVisibility(t *testing.T) {
	forEachQueue(t, map[string]string{"VisibilityTimeout": "600"}, func(q testQueue) {
		q.send("hello")
		change := func(m types.Message, seconds int32) {
			q.Helper()
			if err := q.changeVisibility(m, seconds); err != nil {
				q.Fatal(err)
			}
		}
		m := q.receiveOne(0)
		change(m, 0)
		q.expectDepth(1, 0, 0)
		m = q.receiveOne(0)
		change(m, 1)
		q.expectDepth(0, 1, 0)
		m = q.receiveOne(10)
		if m.Attributes["ApproximateReceiveCount"] != "3" {
			q.Errorf("receive count %s, want 3", m.Attributes["ApproximateReceiveCount"])
		}
		wantErrorCode(q.T, q.changeVisibility(m, 43201), "InvalidParameterValue")

		in := &sqs.ChangeMessageVisibilityBatchInput{
			QueueUrl: &q.url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
				{Id: aws.String("good"), ReceiptHandle: m.ReceiptHandle},
				{Id: aws.String("bad"), ReceiptHandle: aws.String("nonsense")},
			},
		}
		batch, err := q.client.ChangeMessageVisibilityBatch(q.Context(), in)
		if err != nil {
			q.Fatal(err)
		}
		if len(batch.Successful) != 1 || *batch.Successful[0].Id != "good" {
			q.Errorf("successful: %v", batch.Successful)
		}
		q.wantFailedEntry(batch.Failed, "bad", "ReceiptHandleIsInvalid")
		q.expectDepth(1, 0, 0)
	})
}

func TestSQS_RedrivePolicyMovesAMessageToTheDeadLetterQueue(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		dlq := newTestQueue(t, target, nil)
		arn := dlq.arn()
		policy := fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"2"}`, arn)
		source := newTestQueue(t, target, map[string]string{
			"VisibilityTimeout": "600", "RedrivePolicy": policy,
		})
		id := source.send("poison")
		for range 2 {
			if err := source.changeVisibility(source.receiveOne(0), 0); err != nil {
				t.Fatal(err)
			}
		}
		dlq.expectDepth(0, 0, 0)
		if got := source.receive(0); len(got) != 0 {
			t.Fatalf("received more often than the maximum receive count allows: %v", got)
		}
		source.expectDepth(0, 0, 0)
		m := dlq.receiveOne(0)
		if *m.MessageId != id || *m.Body != "poison" ||
			m.Attributes["ApproximateReceiveCount"] != "3" {
			t.Errorf("the dead-letter queue contains %s %q %v", *m.MessageId, *m.Body, m.Attributes)
		}
		// AWS documents the attribute DeadLetterQueueSourceArn, but moto omits it.
		sourceARN := m.Attributes["DeadLetterQueueSourceArn"]
		if sourceARN != source.arn() && !target.isMoto() {
			t.Errorf("dead-letter source %q", sourceARN)
		}
		in := &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &dlq.url}
		sources, err := dlq.client.ListDeadLetterSourceQueues(t.Context(), in)
		if err != nil || !slices.Equal(sources.QueueUrls, []string{source.url}) {
			t.Errorf("sources %+v, %v", sources, err)
		}
	})
}

func (q testQueue) arn() string {
	q.Helper()
	attributes, err := q.getAttributes("QueueArn")
	if err != nil {
		q.Fatal(err)
	}
	return attributes["QueueArn"]
}

func (q testQueue) wantFailedEntry(failed []types.BatchResultErrorEntry, id, code string) {
	q.Helper()
	if len(failed) != 1 || *failed[0].Id != id || *failed[0].Code != code ||
		!failed[0].SenderFault {
		q.Errorf("failed entries %+v, want %s with code %s", failed, id, code)
	}
}

func TestSQS_ReportsFailedEntriesOfABatch(t *testing.T) {
	forEachQueue(t, map[string]string{"MaximumMessageSize": "1024"}, func(q testQueue) {
		entries := []types.SendMessageBatchRequestEntry{
			{Id: aws.String("a"), MessageBody: aws.String("a")},
			{Id: aws.String("delayed"), MessageBody: aws.String("delayed"), DelaySeconds: 900},
			{Id: aws.String("text"), MessageBody: aws.String("not in XML: \uFFFE")},
			{
				Id: aws.String("attributes"), MessageBody: aws.String("b"),
				MessageAttributes: map[string]types.MessageAttributeValue{
					"type": {DataType: aws.String("String"), StringValue: aws.String("demo")},
				},
			},
		}
		if q.target.isMoto() { // moto accepts any text
			entries = slices.Delete(entries, 2, 3)
		}
		out, err := q.sendBatch(entries)
		if err != nil {
			q.Fatal(err)
		}
		var sent []string
		for _, e := range out.Successful {
			sent = append(sent, *e.Id)
		}
		if !slices.Equal(sent, []string{"a", "delayed", "attributes"}) {
			q.Errorf("sent %v", sent)
		}
		if !q.target.isMoto() {
			q.wantFailedEntry(out.Failed, "text", "InvalidMessageContents")
		}
		q.expectDepth(2, 0, 1)

		got := q.receive(0)
		if len(got) != 2 {
			q.Fatalf("received %d messages", len(got))
		}
		deleted, err := q.client.DeleteMessageBatch(q.Context(), &sqs.DeleteMessageBatchInput{
			QueueUrl: &q.url, Entries: []types.DeleteMessageBatchRequestEntry{
				{Id: aws.String("first"), ReceiptHandle: got[0].ReceiptHandle},
				{Id: aws.String("bad"), ReceiptHandle: aws.String("nonsense")},
				{Id: aws.String("second"), ReceiptHandle: got[1].ReceiptHandle},
			},
		})
		if err != nil {
			q.Fatal(err)
		}
		if len(deleted.Successful) != 2 {
			q.Errorf("deleted %+v", deleted.Successful)
		}
		q.wantFailedEntry(deleted.Failed, "bad", "ReceiptHandleIsInvalid")
		q.expectDepth(0, 0, 1)
	})
}

func (q testQueue) sendBatch(
	entries []types.SendMessageBatchRequestEntry,
) (*sqs.SendMessageBatchOutput, error) {
	in := &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries}
	return q.client.SendMessageBatch(q.Context(), in)
}

func TestSQS_RejectsInvalidBatches(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		entry := func(id string, size int) types.SendMessageBatchRequestEntry {
			body := strings.Repeat("x", size)
			return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body}
		}
		eleven := make([]types.SendMessageBatchRequestEntry, 11)
		for i := range eleven {
			eleven[i] = entry(fmt.Sprint(i), 1)
		}
		for code, entries := range map[string][]types.SendMessageBatchRequestEntry{
			"EmptyBatchRequest":            {},
			"TooManyEntriesInBatchRequest": eleven,
			"BatchEntryIdsNotDistinct":     {entry("a", 1), entry("a", 1)},
			"InvalidBatchEntryId":          {entry("a b", 1)},
			"BatchRequestTooLong":          {entry("a", 1<<19), entry("b", 1<<19+1)},
		} {
			_, err := q.sendBatch(entries)
			wantErrorCode(q.T, err, "AWS.SimpleQueueService."+code)
		}
		q.expectDepth(0, 0, 0)
	})
}

func TestSQS_ReturnsMessageAttributes(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		out, err := q.client.SendMessage(q.Context(), &sqs.SendMessageInput{
			QueueUrl: &q.url, MessageBody: aws.String("hello"),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"name":  {DataType: aws.String("String"), StringValue: aws.String("value")},
				"count": {DataType: aws.String("Number"), StringValue: aws.String("42")},
				"bytes": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2, 3}},
			},
		})
		if err != nil {
			q.Fatal(err)
		}
		m := q.receiveOne(0)
		if *m.MD5OfMessageAttributes != *out.MD5OfMessageAttributes {
			q.Errorf("checksum of the attributes: %s when sent, %s when received",
				*out.MD5OfMessageAttributes, *m.MD5OfMessageAttributes)
		}
		a := m.MessageAttributes
		if len(a) != 3 || *a["name"].StringValue != "value" || *a["count"].StringValue != "42" ||
			string(a["bytes"].BinaryValue) != "\x01\x02\x03" {
			q.Errorf("attributes %+v", a)
		}
	})
}

func TestSQS_SetsAndReturnsQueueAttributes(t *testing.T) {
	set := map[string]string{
		"VisibilityTimeout":             "7",
		"DelaySeconds":                  "8",
		"MessageRetentionPeriod":        "90",
		"ReceiveMessageWaitTimeSeconds": "10",
		"MaximumMessageSize":            "1024",
	}
	forEachQueue(t, set, func(q testQueue) {
		q.expectAttributes(set)
		changed := map[string]string{"VisibilityTimeout": "0", "DelaySeconds": "900"}
		_, err := q.client.SetQueueAttributes(q.Context(), &sqs.SetQueueAttributesInput{
			QueueUrl: &q.url, Attributes: changed,
		})
		if err != nil {
			q.Fatal(err)
		}
		q.expectAttributes(changed)
		q.expectAttributes(map[string]string{"MessageRetentionPeriod": "90"})
		q.send("queue delay")
		q.expectDepth(0, 0, 1)

		_, err = q.trySend(strings.Repeat("x", 1025))
		wantErrorCode(q.T, err, "InvalidParameterValue")
		in := &sqs.CreateQueueInput{
			QueueName: q.name(), Attributes: map[string]string{"DelaySeconds": "900"},
		}
		again, err := q.client.CreateQueue(q.Context(), in)
		if err != nil || *again.QueueUrl != q.url {
			q.Errorf("create again: %+v, %v", again, err)
		}
		in.Attributes["DelaySeconds"] = "1"
		_, err = q.client.CreateQueue(q.Context(), in)
		wantErrorCode(q.T, err, "QueueAlreadyExists")
	})
}

func TestSQS_FindsListsPurgesAndDeletesQueues(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		get := &sqs.GetQueueUrlInput{QueueName: q.name()}
		byName, err := q.client.GetQueueUrl(q.Context(), get)
		if err != nil || *byName.QueueUrl != q.url {
			q.Fatalf("found %+v, %v", byName, err)
		}
		list := &sqs.ListQueuesInput{QueueNamePrefix: q.name()}
		listed, err := q.client.ListQueues(q.Context(), list)
		if err != nil || !slices.Equal(listed.QueueUrls, []string{q.url}) {
			q.Fatalf("listed %+v, %v", listed, err)
		}
		q.send("hello")
		_, err = q.client.PurgeQueue(q.Context(), &sqs.PurgeQueueInput{QueueUrl: &q.url})
		if err != nil {
			q.Fatal(err)
		}
		q.expectDepth(0, 0, 0)
		_, err = q.client.DeleteQueue(q.Context(), &sqs.DeleteQueueInput{QueueUrl: &q.url})
		if err != nil {
			q.Fatal(err)
		}
		_, err = q.client.GetQueueUrl(q.Context(), get)
		wantErrorCode(q.T, err, "AWS.SimpleQueueService.NonExistentQueue")
		var absent *types.QueueDoesNotExist
		_, err = q.trySend("x")
		if !errors.As(err, &absent) {
			q.Errorf("send to a deleted queue: %v", err)
		}
	})
}

func TestSQS_MovesDeadLettersBackToTheirSource(t *testing.T) {
	forEachQueue(t, nil, func(dlq testQueue) {
		if dlq.target.isMoto() {
			dlq.Skip("moto has no message move tasks")
		}
		attributes, err := dlq.getAttributes("QueueArn")
		if err != nil {
			dlq.Fatal(err)
		}
		arn := attributes["QueueArn"]
		source := newTestQueue(dlq.T, dlq.target, map[string]string{
			"VisibilityTimeout": "0",
			"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":1}`, arn),
		})
		source.send("poison")
		source.receiveOne(5)
		if got := source.receive(0); len(got) > 0 {
			source.Fatalf("received %v after the maximum receive count", got)
		}
		in := &sqs.StartMessageMoveTaskInput{SourceArn: &arn}
		task, err := source.client.StartMessageMoveTask(source.Context(), in)
		if err != nil {
			source.Fatal(err)
		}
		if got := source.receiveOne(5); *got.Body != "poison" {
			source.Errorf("received %s", *got.Body)
		}
		cancel := &sqs.CancelMessageMoveTaskInput{TaskHandle: task.TaskHandle}
		_, err = source.client.CancelMessageMoveTask(source.Context(), cancel)
		wantErrorCode(source.T, err, "InvalidParameterValue") // the task is no longer running
		list := &sqs.ListMessageMoveTasksInput{SourceArn: &arn}
		out, err := source.client.ListMessageMoveTasks(source.Context(), list)
		if err != nil {
			source.Fatal(err)
		}
		got := out.Results[0]
		if *got.Status != "COMPLETED" || got.ApproximateNumberOfMessagesMoved != 1 {
			source.Errorf("got %+v", got)
		}
	})
}

func TestSQS_RejectsADeduplicationIDForAStandardQueue(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		if q.target.isMoto() {
			q.Skip("moto accepts deduplication ids for standard queues")
		}
		_, err := q.client.SendMessage(q.Context(), &sqs.SendMessageInput{
			QueueUrl: &q.url, MessageBody: aws.String("x"), MessageDeduplicationId: aws.String("1"),
		})
		wantErrorCode(q.T, err, "InvalidParameterValue")
	})
}

func TestSQS_RejectsInvalidRequests(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		for _, body := range []string{"\x00", "\x1b", "\uFFFE", "\uFFFF"} {
			if q.target.isMoto() { // moto accepts any text
				break
			}
			_, err := q.trySend(body)
			wantErrorCode(q.T, err, "InvalidMessageContents")
		}
		longest := strings.Repeat("x", 1<<20)
		if _, err := q.trySend(longest); err != nil {
			q.Errorf("send 1 MiB: %v", err)
		}
		_, err := q.trySend(longest + "x")
		wantErrorCode(q.T, err, "InvalidParameterValue")
		in := &sqs.ReceiveMessageInput{QueueUrl: &q.url, MaxNumberOfMessages: 11}
		_, err = q.client.ReceiveMessage(q.Context(), in)
		wantErrorCode(q.T, err, "InvalidParameterValue")
		_, err = q.getAttributes("Colour")
		wantErrorCode(q.T, err, "InvalidAttributeName")
	})
}
