package sqs_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

func TestNew_LoadsStateAfterACrash(t *testing.T) {
	now := time.Now()
	cfg := sqs.Config{DB: openDB(t), Now: func() time.Time { return now }}
	dlq, source := newQueueWithDLQ(t, newService(t, cfg), 1)
	poison := send(t, source, "poison")
	receiveOne(t, source)
	now = now.Add(time.Second)
	expectNone(t, source) // the receive moves the message to the dead-letter queue
	send(t, source, "deleted")
	if err := source.Delete(receiveOne(t, source).ReceiptHandle); err != nil {
		t.Fatal(err)
	}
	send(t, source, "in flight")
	held := receiveOne(t, source)
	send(t, source, "first")
	now = now.Add(time.Millisecond)
	send(t, source, "second")
	if _, err := source.Send("delayed", time.Minute); err != nil {
		t.Fatal(err)
	}

	restarted := newService(t, cfg) // the first service is not closed, as after a crash
	source, ok := restarted.QueueByARN(source.ARN())
	if !ok {
		t.Fatal("the queue was lost")
	}
	dlq, ok = restarted.QueueByName(dlq.Name())
	if !ok {
		t.Fatal("the dead-letter queue was lost")
	}
	expectDepth(t, source, 2, 1, 1)
	for _, want := range []string{"first", "second"} {
		if got := receiveOne(t, source).Body; got != want {
			t.Errorf("received %q, want %q", got, want)
		}
	}
	m := receiveOne(t, dlq)
	if m.ID != poison || m.Body != "poison" || m.ReceiveCount != 2 ||
		m.DeadLetterSource != source.ARN() {
		t.Errorf("the dead-letter queue contains %+v", m)
	}
	if err := source.ChangeVisibility(held.ReceiptHandle, time.Hour); err != nil {
		t.Errorf("use a receipt handle from before the restart: %v", err)
	}
	if err := source.Delete(held.ReceiptHandle); err != nil {
		t.Fatal(err)
	}
	expectDepth(t, source, 0, 2, 1)
}

func TestCreateQueue_ReconfiguresAndKeepsMessages(t *testing.T) {
	cfg := sqs.Config{DB: openDB(t)}
	q, err := newService(t, cfg).CreateQueue(sqs.QueueConfig{Name: "events"})
	if err != nil {
		t.Fatal(err)
	}
	send(t, q, "hello")
	q, err = newService(t, cfg).CreateQueue(sqs.QueueConfig{Name: "events", MaxMessageSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	expectDepth(t, q, 1, 0, 0)
	_, err = q.Send("four", 0)
	expectCode(t, err, "InvalidParameterValue")
}

func TestNew_DeletesOrphanedMessages(t *testing.T) {
	db := openDB(t)
	cfg := sqs.Config{DB: db}
	q, err := newService(t, cfg).CreateQueue(sqs.QueueConfig{Name: "events"})
	if err != nil {
		t.Fatal(err)
	}
	send(t, q, "hello")
	queues, err := db.Bucket("sqs-queues")
	if err != nil {
		t.Fatal(err)
	}
	if err := queues.Delete("events"); err != nil {
		t.Fatal(err)
	}
	newService(t, cfg)
	messages, err := db.Bucket("sqs-messages")
	if err != nil {
		t.Fatal(err)
	}
	err = messages.Each(func(key string, _ []byte) error {
		t.Errorf("record %s was not deleted", key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func openDB(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
