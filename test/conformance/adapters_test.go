package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/badinput"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/porttest"
)

// The tests in this file check the pipeline's adapters for AWS services on both targets. Package
// porttest checks that an adapter satisfies the pipeline's interface.

func TestAdapter_BucketImplementsPipelineObjects(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		name := createBucket(t, awss3.NewFromConfig(target.Config))
		bucket := s3.NewBucket(target.Config, name)
		porttest.TestObjects(t, bucket)
		if !target.isMoto() { // conditional writes of moto are not atomic
			porttest.TestObjectsRace(t, bucket)
		}
	})
}

func TestAdapter_ItemsImplementsPipelineItems(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		items := dynamodb.NewItems(table.target.Config, *table.name)
		porttest.TestItems(t, items)
		if !table.target.isMoto() { // conditional writes of moto are not atomic
			porttest.TestItemsRace(t, items)
		}
	})
}

func TestAdapter_CheckpointsImplementsPipelineCheckpoints(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		porttest.TestCheckpoints(t, dynamodb.NewCheckpoints(table.target.Config, *table.name))
	})
}

// After a rollback to this version, the table can contain a checkpoint of a later version.
func TestAdapter_CheckpointsReplaceThoseOfALaterVersion(t *testing.T) {
	const known = `"pass":{"from":"2026-11-23T07:00:00Z"}`
	for name, stored := range map[string]string{
		"another field":          `{` + known + `,"shards":[1,2]}`,
		"another field in front": `{"shards":[1,2],` + known + `}`,
		"only another field":     `{"shards":[1,2]}`,
	} {
		t.Run(name, func(t *testing.T) {
			forEachTable(t, "", func(t *testing.T, table table) {
				table.put(t, item{
					"pk": str("CHECKPOINT#reconciler"), "checkpoint": str(stored), "shards": num(2),
				})
				checkpoints := dynamodb.NewCheckpoints(table.target.Config, *table.name)
				old, err := checkpoints.Load(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				received := time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				err = pipeline.Rewind(ctx, checkpoints, received, received.Add(24*time.Hour))
				if err != nil {
					t.Fatal(err)
				}
				if err := checkpoints.Save(ctx, old, old); !errors.Is(err, pipeline.ErrChanged) {
					t.Errorf("save after another writer: got %v, want ErrChanged", err)
				}
				got, err := checkpoints.Load(ctx)
				if err != nil || !got.RewindTo.Equal(received) || got.Pass != old.Pass {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		})
	}
}

func TestAdapter_QueueSendsAndCountsManyEvents(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		queue := sqs.NewQueue(q.target.Config, q.url)
		sent := make([]pipeline.Event, 25) // three requests, with at most 10 messages each
		for i := range sent {
			sent[i].ID, sent[i].Type = fmt.Sprint(i), "demo"
			sent[i].Replay = pipeline.Replay{ID: "replay"}
		}
		wantNoErrors(t, "send", queue.SendMany(q.Context(), sent), len(sent))
		q.wantMessageCount(len(sent))
		seen := make(map[string]bool)
		for len(seen) < len(sent) {
			messages := q.receive(0)
			if len(messages) == 0 {
				q.Fatalf("received %d of %d messages", len(seen), len(sent))
			}
			for _, m := range messages {
				var event pipeline.Event
				err := json.Unmarshal([]byte(*m.Body), &event)
				if err != nil || event.Replay.ID != "replay" {
					q.Errorf("message %s: %v", *m.Body, err)
				}
				seen[event.ID] = true
			}
		}
		q.wantMessageCount(len(sent)) // the count includes messages in flight
	})
}

// Each caller has a message group. With groups, SQS alternates between the callers' backlogs.
func TestAdapter_QueueGroupsMessagesByCaller(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		queue := sqs.NewQueue(q.target.Config, q.url)
		long := strings.Repeat("é ", 200) // neither ASCII nor short enough for a group id
		events := []pipeline.Event{
			{ID: "0", Caller: "a"}, {ID: "1", Caller: "a"}, {ID: "2", Caller: long}, {ID: "3"},
		}
		if err := queue.Send(q.Context(), events[0]); err != nil {
			q.Fatal(err)
		}
		wantNoErrors(t, "send", queue.SendMany(q.Context(), events[1:]), len(events)-1)
		groups := map[string]string{}
		for _, m := range q.receive(1) {
			var event pipeline.Event
			if err := json.Unmarshal([]byte(*m.Body), &event); err != nil {
				q.Fatal(err)
			}
			groups[event.ID] = m.Attributes["MessageGroupId"]
		}
		if len(groups) != len(events) || groups["0"] == "" || groups["0"] != groups["1"] ||
			groups["2"] == "" || groups["2"] == groups["0"] || groups["3"] != "" ||
			groups["0"] == "a" {
			q.Errorf("groups by event id: %q", groups)
		}
	})
}

func (q testQueue) wantMessageCount(want int) {
	q.Helper()
	got, err := sqs.NewQueue(q.target.Config, q.url).CountMessages(q.Context())
	if err != nil || got != want {
		q.Errorf("message count %d, %v; want %d", got, err, want)
	}
}

// wantNoErrors checks that errs has n elements and that all of them are nil.
func wantNoErrors(t *testing.T, operation string, errs []error, n int) {
	t.Helper()
	if err := errors.Join(errs...); err != nil || len(errs) != n {
		t.Fatalf("%s: got %d results, want %d: %v", operation, len(errs), n, err)
	}
}

func deadLetter(body string, code pipeline.Code) pipeline.DeadLetter {
	return pipeline.DeadLetter{
		Body: []byte(body), EventType: "demo", Attempts: 3,
		FailedAt: time.Date(2026, 11, 23, 7, 30, 0, 12e6, time.UTC),
		Failure:  pipeline.Failure{Code: code, Reason: "why"},
	}
}

func TestAdapter_DeadLetterQueueSendsTheMessageAndItsFailure(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		const body = `{"caller":"\uffff"}`
		message := deadLetter("{\"caller\":\"\uffff\"}", pipeline.InvalidMessage)
		dlq := sqs.NewDeadLetterQueue(q.target.Config, q.url)
		if err := dlq.Send(q.Context(), message); err != nil {
			q.Fatal(err)
		}
		m := q.receiveOne(0)
		got := make(map[string]string)
		for name, a := range m.MessageAttributes {
			got[name] = aws.ToString(a.DataType) + " " + aws.ToString(a.StringValue)
		}
		want := map[string]string{
			"failureCode": "String invalid-message", "failureReason": "String why",
			"attempts": "Number 3", "failedAt": "String 2026-11-23T07:30:00.012Z",
			"eventType": "String demo",
		}
		if !maps.Equal(got, want) || *m.Body != body {
			q.Errorf("got %v, %s; want %v, %s", got, *m.Body, want, body)
		}
	})
}

func TestAdapter_DeadLetterQueueAcceptsAMessageWithoutRoomForTheFailure(t *testing.T) {
	forEachQueue(t, map[string]string{"MaximumMessageSize": "1024"}, func(q testQueue) {
		body := strings.Repeat("x", 1024)
		dlq := sqs.NewDeadLetterQueue(q.target.Config, q.url)
		if err := dlq.Send(q.Context(), deadLetter(body, pipeline.InvalidMessage)); err != nil {
			q.Fatal(err)
		}
		if m := q.receiveOne(0); *m.Body != body {
			q.Errorf("got a body of %d bytes", len(*m.Body))
		}
	})
}

func TestAdapter_DeadLetterQueueReceivesReleasesAndDeletes(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		dlq := sqs.NewDeadLetterQueue(q.target.Config, q.url)
		want := deadLetter("{}", pipeline.Unavailable)
		const count = 12 // one request receives at most 10 messages
		for range count - 1 {
			if err := dlq.Send(q.Context(), want); err != nil {
				q.Fatal(err)
			}
		}
		q.send("bare") // no attributes that describe a failure, like a message that SQS moved
		receiveAll := func() (handles []string) {
			ids := make(map[string]bool)
			for {
				received, err := dlq.Receive(q.Context(), time.Minute)
				if err != nil {
					q.Fatal(err)
				}
				if len(received) == 0 {
					break
				}
				for _, d := range received {
					ids[d.MessageID] = true
					handles = append(handles, d.ReceiptHandle)
					diff := cmp.Diff(want, d.DeadLetter)
					if diff != "" && string(d.Body) != "bare" {
						q.Error(diff)
					}
					if time.Since(d.SentAt).Abs() > time.Minute {
						q.Errorf("sent at %s", d.SentAt)
					}
				}
			}
			if len(handles) != count || len(ids) != count {
				q.Fatalf("received %d dead letters with %d ids, want %d",
					len(handles), len(ids), count)
			}
			return handles
		}
		handles := receiveAll()
		if n, err := dlq.InFlight(q.Context()); err != nil || n != count {
			q.Errorf("in-flight count %d, %v; want %d", n, err, count)
		}
		wantNoErrors(q.T, "release", dlq.Release(q.Context(), handles), count)
		wantNoErrors(q.T, "delete", dlq.Delete(q.Context(), receiveAll()), count)
		q.wantMessageCount(0)
		if errs := dlq.Delete(q.Context(), []string{"nonsense"}); errs[0] == nil {
			q.Error("delete with an invalid receipt handle: got no error")
		}
	})
}

func TestAdapter_QueueSendsAnEventAndDelaysItsMessage(t *testing.T) {
	forEachQueue(t, nil, func(q testQueue) {
		queue := sqs.NewQueue(q.target.Config, q.url)
		want := pipeline.Event{
			ID: "0199aaaa-0000-7000-8000-000000000001", Type: "demo",
			ReceivedAt: time.Unix(1, 0).UTC(),
			Caller:     "jwt:\uffff\ufffe", // SQS rejects these characters
		}
		if err := queue.Send(q.Context(), want); err != nil {
			q.Fatal(err)
		}
		m := q.receiveOne(1)
		var got pipeline.Event
		if err := json.Unmarshal([]byte(*m.Body), &got); err != nil || got != want {
			q.Errorf("message %s, %v; want %+v", *m.Body, err, want)
		}
		if err := queue.Delay(q.Context(), *m.ReceiptHandle, 0); err != nil {
			q.Fatal(err)
		}
		m = q.receiveOne(1)
		if err := queue.Delay(q.Context(), *m.ReceiptHandle, time.Minute); err != nil {
			q.Fatal(err)
		}
		if len(q.receive(1)) != 0 {
			q.Error("the message is visible before its delay")
		}
	})
}

func TestAdapter_BusPublishesManyNotifications(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		notifications := make([]pipeline.Notification, 25) // three requests, with at most 10 each
		for i := range notifications {
			notifications[i] = pipeline.NewNotification(pipeline.Item{
				Event:  pipeline.Event{ID: fmt.Sprint(i), Type: "demo"},
				Status: pipeline.Processed,
			})
		}
		bus := eventbridge.NewBus(target.Config, "default")
		wantNoErrors(t, "publish", bus.Publish(t.Context(), notifications), len(notifications))
	})
}

func TestAdapter_BronzeKeepsAnyEventByteForByte(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		name := createBucket(t, awss3.NewFromConfig(target.Config))
		bucket, objects := s3.NewBucket(target.Config, name), 0
		ingest := pipeline.Ingest{
			Bronze: bucket, Items: new(inmem.Items), Queue: new(inmem.Queue),
			BronzeBucket: name, MaxPayloadBytes: 1 << 20, Now: time.Now,
			NewID: func() (string, error) {
				objects++
				return fmt.Sprintf("0199aaaa-0000-7000-8000-%012d", objects), nil
			},
		}
		rapid.Check(t, func(rt *rapid.T) {
			body := badinput.Event(rt)
			accepted, err := ingest.Accept(t.Context(), pipeline.Request{Body: []byte(body)})
			if err != nil {
				rt.Fatalf("%q: %v", body, err)
			}
			got, err := bucket.Get(t.Context(), accepted.Event.Bronze.Key)
			if err != nil || string(got) != body {
				rt.Fatalf("Bronze contains %q, %v; want %q", got, err, body)
			}
		})
	})
}
