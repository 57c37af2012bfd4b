package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	events "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/badinput"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/porttest"
)

// The pipeline's own adapters keep their ports' contracts over both targets.

func TestAdapter_Bucket(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		name := uniqueName("bucket")
		if _, err := awss3.NewFromConfig(target.Config).CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
		bucket := s3.NewBucket(target.Config, name)
		porttest.TestObjects(t, bucket)
		if !target.isMoto() { // it checks a condition and writes in two steps, where AWS does so in one
			porttest.TestObjectsRace(t, bucket)
		}
	})
}

func TestAdapter_Events(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		table := events.NewItems(target.Config, createEventsTable(t, target))
		porttest.TestItems(t, table)
		if !target.isMoto() { // as above
			porttest.TestItemsRace(t, table)
		}
	})
}

func TestAdapter_Checkpoints(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		porttest.TestCheckpoints(t, events.NewCheckpoints(target.Config, createEventsTable(t, target)))
	})
}

func createEventsTable(t *testing.T, target target) string {
	t.Helper()
	name := uniqueName("events")
	_, err := dynamodb.NewFromConfig(target.Config).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            &name,
		BillingMode:          dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: "S"}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: "HASH"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAdapter_QueueSendsAnyNumberOfEventsAndCountsThem(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		client := awssqs.NewFromConfig(target.Config)
		created, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String(uniqueName("queue"))})
		if err != nil {
			t.Fatal(err)
		}
		queue := sqs.NewQueue(target.Config, *created.QueueUrl)
		sent := make([]pipeline.Event, 25) // three requests
		for i := range sent {
			sent[i] = pipeline.Event{ID: fmt.Sprint(i), Type: "demo", Replay: pipeline.Replay{ID: "replay"}}
		}
		if errs := queue.SendMany(t.Context(), sent); len(errs) != len(sent) || errors.Join(errs...) != nil {
			t.Fatalf("%d results: %v", len(errs), errors.Join(errs...))
		}
		wantWaiting(t, queue, len(sent))
		seen := make(map[string]bool)
		for len(seen) < len(sent) {
			out, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: created.QueueUrl, MaxNumberOfMessages: 10})
			if err != nil || len(out.Messages) == 0 {
				t.Fatalf("%d of %d messages: %v", len(seen), len(sent), err)
			}
			for _, m := range out.Messages {
				var event pipeline.Event
				if err := json.Unmarshal([]byte(*m.Body), &event); err != nil || event.Replay.ID != "replay" {
					t.Errorf("message %s: %v", *m.Body, err)
				}
				seen[event.ID] = true
			}
		}
		wantWaiting(t, queue, len(sent)) // in flight
	})
}

func wantWaiting(t *testing.T, queue sqs.Queue, want int) {
	t.Helper()
	if got, err := queue.CountMessages(t.Context()); err != nil || got != want {
		t.Errorf("waiting: %d, %v; want %d", got, err, want)
	}
}

func TestAdapter_DeadLettersHoldTheMessageAndItsReason(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		client := awssqs.NewFromConfig(target.Config)
		created, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String(uniqueName("dlq"))})
		if err != nil {
			t.Fatal(err)
		}
		letter := pipeline.DeadLetter{
			Body: []byte("not \"JSON\""), EventType: "demo", Attempts: 3, FailedAt: time.Date(2026, 11, 23, 7, 30, 0, 12e6, time.UTC),
			Failure: pipeline.Failure{Code: pipeline.InvalidMessage, Reason: "why"},
		}
		if err := sqs.NewDeadLetterQueue(target.Config, *created.QueueUrl).Send(t.Context(), letter); err != nil {
			t.Fatal(err)
		}
		out, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: created.QueueUrl, MessageAttributeNames: []string{"All"}})
		if err != nil || len(out.Messages) != 1 {
			t.Fatalf("%d messages, %v", len(out.Messages), err)
		}
		got := make(map[string]string)
		for name, attribute := range out.Messages[0].MessageAttributes {
			got[name] = aws.ToString(attribute.DataType) + " " + aws.ToString(attribute.StringValue)
		}
		want := map[string]string{
			"failureCode": "String invalid-message", "failureReason": "String why", "attempts": "Number 3",
			"failedAt": "String 2026-11-23T07:30:00.012Z", "eventType": "String demo",
		}
		if !maps.Equal(got, want) || *out.Messages[0].Body != "not \"JSON\"" {
			t.Errorf("got %v, %s; want %v", got, *out.Messages[0].Body, want)
		}
	})
}

func TestAdapter_DeadLettersAreReceivedReleasedAndDeleted(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		client := awssqs.NewFromConfig(target.Config)
		created, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String(uniqueName("dlq"))})
		if err != nil {
			t.Fatal(err)
		}
		dlq := sqs.NewDeadLetterQueue(target.Config, *created.QueueUrl)
		want := pipeline.DeadLetter{
			Body: []byte("{}"), EventType: "demo", Attempts: 3, FailedAt: time.Date(2026, 11, 23, 7, 30, 0, 12e6, time.UTC),
			Failure: pipeline.Failure{Code: pipeline.Unavailable, Reason: "why"},
		}
		const count = 12 // more than a request takes
		for range count - 1 {
			if err := dlq.Send(t.Context(), want); err != nil {
				t.Fatal(err)
			}
		}
		// As SQS moves it: without a reason.
		if _, err := client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: created.QueueUrl, MessageBody: aws.String("bare")}); err != nil {
			t.Fatal(err)
		}
		received := func() (receipts []string) {
			ids := make(map[string]bool)
			for {
				letters, err := dlq.Receive(t.Context(), time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				if len(letters) == 0 {
					break
				}
				for _, l := range letters {
					ids[l.MessageID] = true
					receipts = append(receipts, l.ReceiptHandle)
					if diff := cmp.Diff(want, l.DeadLetter); diff != "" && string(l.Body) != "bare" {
						t.Error(diff)
					}
					if time.Since(l.SentAt).Abs() > time.Minute {
						t.Errorf("sent at %s", l.SentAt)
					}
				}
			}
			if len(ids) != len(receipts) {
				t.Errorf("%d letters with %d ids", len(receipts), len(ids))
			}
			return receipts
		}
		receipts := received()
		if len(receipts) != count {
			t.Fatalf("received %d letters, want %d", len(receipts), count)
		}
		if n, err := dlq.InFlight(t.Context()); err != nil || n != count {
			t.Errorf("%d letters are hidden, %v; want %d", n, err, count)
		}
		if errs := dlq.Release(t.Context(), receipts); len(errs) != count || errors.Join(errs...) != nil {
			t.Fatalf("release: %d results: %v", len(errs), errors.Join(errs...))
		}
		again := received()
		if len(again) != count {
			t.Fatalf("received %d letters again, want %d", len(again), count)
		}
		if errs := dlq.Delete(t.Context(), again); len(errs) != count || errors.Join(errs...) != nil {
			t.Fatalf("delete: %d results: %v", len(errs), errors.Join(errs...))
		}
		wantWaiting(t, sqs.NewQueue(target.Config, *created.QueueUrl), 0)
		if errs := dlq.Delete(t.Context(), []string{"nonsense"}); errs[0] == nil {
			t.Error("deleted a message by a receipt that is none")
		}
	})
}

func TestAdapter_QueueSendsTheEventAndDelaysAMessage(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		client := awssqs.NewFromConfig(target.Config)
		created, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String(uniqueName("queue"))})
		if err != nil {
			t.Fatal(err)
		}
		queue := sqs.NewQueue(target.Config, *created.QueueUrl)
		want := pipeline.Event{ID: "0199aaaa-0000-7000-8000-000000000001", Type: "demo", ReceivedAt: time.Unix(1, 0).UTC()}
		if err := queue.Send(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		receive := func() []sqstypes.Message {
			out, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: created.QueueUrl, WaitTimeSeconds: 1})
			if err != nil {
				t.Fatal(err)
			}
			return out.Messages
		}
		messages := receive()
		if len(messages) != 1 {
			t.Fatalf("%d messages", len(messages))
		}
		var got pipeline.Event
		if err := json.Unmarshal([]byte(*messages[0].Body), &got); err != nil || got != want {
			t.Errorf("the message is %s, %v; want %+v", *messages[0].Body, err, want)
		}
		if err := queue.Delay(t.Context(), *messages[0].ReceiptHandle, 0); err != nil {
			t.Fatal(err)
		}
		again := receive()
		if len(again) != 1 {
			t.Fatal("the message does not come again at once")
		}
		if err := queue.Delay(t.Context(), *again[0].ReceiptHandle, time.Minute); err != nil {
			t.Fatal(err)
		}
		if len(receive()) != 0 {
			t.Error("the message comes again before its delay")
		}
	})
}

func TestAdapter_BusTakesAnyNumberOfNotices(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		notices := make([]pipeline.Notification, 25) // three requests
		for i := range notices {
			item := pipeline.Item{Event: pipeline.Event{ID: fmt.Sprint(i), Type: "demo"}, Status: pipeline.Processed}
			notices[i] = pipeline.NewNotification(item)
		}
		errs := eventbridge.NewBus(target.Config, "default").Publish(t.Context(), notices)
		if len(errs) != len(notices) || errors.Join(errs...) != nil {
			t.Errorf("%d results: %v", len(errs), errors.Join(errs...))
		}
	})
}

func TestAdapter_AnyEventComesOutOfBronzeByteForByte(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		name := uniqueName("bronze")
		if _, err := awss3.NewFromConfig(target.Config).CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
		bucket, objects := s3.NewBucket(target.Config, name), 0
		ingest := pipeline.Ingest{
			Bronze: bucket, Items: new(inmem.Items), Queue: new(inmem.Queue), BronzeBucket: name, MaxPayloadBytes: 1 << 20, Now: time.Now,
			NewID: func() (string, error) {
				objects++
				return fmt.Sprintf("0199aaaa-0000-7000-8000-%012d", objects), nil
			},
		}
		rapid.Check(t, func(rt *rapid.T) {
			body := badinput.Event(rt)
			receipt, err := ingest.Accept(t.Context(), pipeline.Request{Body: []byte(body)})
			if err != nil {
				rt.Fatalf("%q: %v", body, err)
			}
			if got, err := bucket.Get(t.Context(), receipt.Event.Bronze.Key); err != nil || string(got) != body {
				rt.Fatalf("Bronze holds %q, %v; want %q", got, err, body)
			}
		})
	})
}
