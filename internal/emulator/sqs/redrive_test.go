package sqs_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

func TestRedrivePolicy_MovesAMessageAfterMaxReceiveCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var moved []string
		s := newService(t, sqs.Config{OnDeadLetter: func(from, to string, m sqs.Message) {
			moved = append(moved, fmt.Sprintf("%s %s %s %d", from, to, m.Body, m.ReceiveCount))
		}})
		dlq, source := newQueueWithDLQ(t, s, 2)
		id := send(t, source, "poison")
		sent := time.Now()
		for range 2 {
			receiveOne(t, source)
			time.Sleep(time.Second)
		}
		expectDepth(t, source, 1, 0, 0)
		expectDepth(t, dlq, 0, 0, 0)
		send(t, source, "healthy")

		if got := receiveOne(t, source).Body; got != "healthy" {
			t.Fatalf("received %q, want the message after the moved one", got)
		}
		m := receiveOne(t, dlq)
		if m.ID != id || m.Body != "poison" || !m.Sent.Equal(sent) ||
			m.DeadLetterSource != source.ARN() || m.ReceiveCount != 3 {
			t.Errorf("the dead-letter queue contains %+v", m)
		}
		if len(moved) != 1 || moved[0] != "events dead poison 2" {
			t.Errorf("OnDeadLetter was called with %v", moved)
		}
	})
}

func TestRedrivePolicy_WakesALongPollOfTheDeadLetterQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dlq, source := newQueueWithDLQ(t, newService(t, sqs.Config{}), 1)
		send(t, source, "poison")
		receiveOne(t, source)
		time.AfterFunc(2*time.Second, func() { expectNone(t, source) })
		start := time.Now()
		got, err := dlq.Receive(t.Context(), 1, 20*time.Second)
		if err != nil || len(got) != 1 || time.Since(start) != 2*time.Second {
			t.Fatalf("received %v, %v after %v", got, err, time.Since(start))
		}
	})
}

func TestRedrivePolicy_InvalidatesReceiptHandles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dlq, source := newQueueWithDLQ(t, newService(t, sqs.Config{}), 1)
		send(t, source, "poison")
		stale := receiveOne(t, source).ReceiptHandle
		time.Sleep(time.Second)
		expectNone(t, source)
		if err := source.Delete(stale); err != nil {
			t.Fatal(err)
		}
		expectCode(t, dlq.Delete(stale), "ReceiptHandleIsInvalid")
		expectDepth(t, dlq, 1, 0, 0)
	})
}

func TestRedrivePolicy_OfADeadLetterQueueCountsReceivesPerQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, sqs.Config{})
		var queues []*sqs.Queue
		for i, name := range []string{"last", "dead", "events"} {
			c := sqs.QueueConfig{Name: name, VisibilityTimeout: new(time.Second)}
			if i > 0 {
				c.MaxReceiveCount, c.DeadLetterQueue = 2, queues[i-1].Name()
			}
			q, err := s.CreateQueue(c)
			if err != nil {
				t.Fatal(err)
			}
			queues = append(queues, q)
		}
		send(t, queues[2], "poison")
		for _, q := range []*sqs.Queue{queues[2], queues[1]} {
			for range 2 {
				receiveOne(t, q)
				time.Sleep(time.Second)
			}
			expectNone(t, q)
		}
		m := receiveOne(t, queues[0])
		if m.ReceiveCount != 5 || m.DeadLetterSource != queues[1].ARN() {
			t.Errorf("the last queue contains %+v", m)
		}
	})
}

func TestRedrivePolicy_DoesNotRestartTheRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, sqs.Config{})
		dlq, err := s.CreateQueue(sqs.QueueConfig{Name: "dead", MessageRetention: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		source, err := s.CreateQueue(sqs.QueueConfig{
			Name: "events", VisibilityTimeout: new(40 * time.Minute),
			MaxReceiveCount: 1, DeadLetterQueue: "dead",
		})
		if err != nil {
			t.Fatal(err)
		}
		send(t, source, "poison")
		receiveOne(t, source)
		time.Sleep(40 * time.Minute)
		expectNone(t, source)
		expectDepth(t, dlq, 1, 0, 0)
		time.Sleep(20 * time.Minute)
		expectDepth(t, dlq, 0, 0, 0)
	})
}

func TestCreateQueue_RejectsAnUnknownDeadLetterQueue(t *testing.T) {
	_, err := newService(t, sqs.Config{}).CreateQueue(sqs.QueueConfig{
		Name: "events", MaxReceiveCount: 1, DeadLetterQueue: "dead",
	})
	if err == nil {
		t.Fatal("got no error for an unknown dead-letter queue")
	}
}

// newQueueWithDLQ creates a dead-letter queue and a source queue with a visibility timeout of one
// second.
func newQueueWithDLQ(t testing.TB, s *sqs.Service, maxReceiveCount int) (dlq, source *sqs.Queue) {
	t.Helper()
	dlq, err := s.CreateQueue(sqs.QueueConfig{Name: "dead"})
	if err != nil {
		t.Fatal(err)
	}
	source, err = s.CreateQueue(sqs.QueueConfig{
		Name: "events", VisibilityTimeout: new(time.Second),
		MaxReceiveCount: maxReceiveCount, DeadLetterQueue: dlq.ARN(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return dlq, source
}
