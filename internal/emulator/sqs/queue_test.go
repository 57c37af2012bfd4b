package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

func TestReceive_HidesAMessageForItsVisibilityTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{VisibilityTimeout: new(time.Minute)})
		id := send(t, q, "hello")

		first := receiveOne(t, q)
		if first.ID != id || first.Body != "hello" || first.ReceiveCount != 1 {
			t.Fatalf("received %+v, want message %s with receive count 1", first, id)
		}
		if want := time.Now().Add(time.Minute); !first.InvisibleUntil.Equal(want) {
			t.Errorf("invisible until %v, want %v", first.InvisibleUntil, want)
		}
		expectDepth(t, q, 0, 1, 0)

		time.Sleep(time.Minute - time.Nanosecond)
		expectNone(t, q)
		time.Sleep(time.Nanosecond)
		expectDepth(t, q, 1, 0, 0)
		second := receiveOne(t, q)
		if second.ID != id || second.ReceiveCount != 2 ||
			second.ReceiptHandle == first.ReceiptHandle {
			t.Fatalf("received %+v, want the message again with a new receipt handle", second)
		}
		if !second.FirstReceived.Equal(first.FirstReceived) || !second.Sent.Equal(first.Sent) {
			t.Errorf("first received %v, sent %v; want both unchanged",
				second.FirstReceived, second.Sent)
		}
	})
}

func TestReceive_ReturnsMessagesInTheOrderTheyBecameVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{VisibilityTimeout: new(time.Second)})
		send(t, q, "poison")
		receiveOne(t, q)
		send(t, q, "next")
		time.Sleep(time.Second)
		for _, want := range []string{"next", "poison"} {
			if got := receiveOne(t, q).Body; got != want {
				t.Fatalf("received %q, want %q", got, want)
			}
		}
	})
}

func TestReceive_KeepsSendOrderIfMessagesBecomeVisibleTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{Delay: time.Second})
		for i := range 100 {
			send(t, q, fmt.Sprint(i))
		}
		time.Sleep(time.Second)
		for i := range 100 {
			if got := receiveOne(t, q).Body; got != fmt.Sprint(i) {
				t.Fatalf("received %s, want %d", got, i)
			}
		}
	})
}

func TestDelete_IgnoresAStaleReceiptHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{VisibilityTimeout: new(time.Second)})
		send(t, q, "hello")
		stale := receiveOne(t, q).ReceiptHandle
		time.Sleep(time.Second)
		fresh := receiveOne(t, q).ReceiptHandle

		if err := q.Delete(stale); err != nil {
			t.Fatalf("delete with a stale receipt handle: %v", err)
		}
		expectDepth(t, q, 0, 1, 0)
		expectCode(t, q.ChangeVisibility(stale, 0), "MessageNotInflight")

		time.Sleep(time.Second)
		if err := q.Delete(fresh, fresh); err != nil {
			t.Fatalf("delete after the visibility timeout: %v", err)
		}
		expectDepth(t, q, 0, 0, 0)
		expectCode(t, q.ChangeVisibility(fresh, 0), "InvalidParameterValue")
		if err := q.Delete(fresh); err != nil {
			t.Fatalf("delete again: %v", err)
		}
	})
}

func TestDelete_DeletesValidHandlesIfAnotherIsInvalid(t *testing.T) {
	q := newQueue(t, sqs.QueueConfig{})
	send(t, q, "hello")
	expectCode(t, q.Delete("nonsense", receiveOne(t, q).ReceiptHandle), "ReceiptHandleIsInvalid")
	expectDepth(t, q, 0, 0, 0)
}

func TestChangeVisibility_CountsFromNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{VisibilityTimeout: new(time.Minute)})
		send(t, q, "hello")
		m := receiveOne(t, q)
		time.Sleep(50 * time.Second)
		if err := q.ChangeVisibility(m.ReceiptHandle, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59 * time.Second)
		expectNone(t, q)
		if err := q.ChangeVisibility(m.ReceiptHandle, 0); err != nil {
			t.Fatal(err)
		}
		receiveOne(t, q)
		expectCode(t, q.ChangeVisibility(m.ReceiptHandle, 13*time.Hour), "InvalidParameterValue")
	})
}

func TestSend_DelayOverridesTheQueueDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{Delay: time.Minute})
		send(t, q, "queue delay")
		if _, err := q.Send("message delay", time.Second); err != nil {
			t.Fatal(err)
		}
		if _, err := q.Send("no delay", 0); err != nil {
			t.Fatal(err)
		}
		expectDepth(t, q, 1, 0, 2)
		time.Sleep(time.Second)
		expectDepth(t, q, 2, 0, 1)
		time.Sleep(time.Minute)
		expectDepth(t, q, 3, 0, 0)
	})
}

func TestRetention_DeletesMessagesInAnyState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{
			MessageRetention: time.Hour, VisibilityTimeout: new(2 * time.Hour),
		})
		send(t, q, "received")
		receiveOne(t, q)
		send(t, q, "visible")
		time.Sleep(time.Minute)
		send(t, q, "younger")
		time.Sleep(59 * time.Minute)
		expectDepth(t, q, 1, 0, 0)
		if got := receiveOne(t, q).Body; got != "younger" {
			t.Errorf("received %q, want the only message within the retention", got)
		}
	})
}

func TestReceive_WaitsForAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{})
		start := time.Now()
		time.AfterFunc(3*time.Second, func() { send(t, q, "hello") })
		got, err := q.Receive(t.Context(), 10, 20*time.Second)
		wantReceived(t, start, got, err, 1, 3*time.Second)
	})
}

func TestReceive_WaitsUntilAMessageBecomesVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{VisibilityTimeout: new(5 * time.Second)})
		if _, err := q.Send("hello", 2*time.Second); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for _, want := range []time.Duration{2 * time.Second, 7 * time.Second} {
			got, err := q.Receive(t.Context(), 1, 20*time.Second)
			wantReceived(t, start, got, err, 1, want)
		}
	})
}

func TestReceive_WakesWhenAVisibilityTimeoutBecomesShorter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{VisibilityTimeout: new(time.Hour)})
		send(t, q, "hello")
		m := receiveOne(t, q)
		start := time.Now()
		time.AfterFunc(time.Second, func() {
			if err := q.ChangeVisibility(m.ReceiptHandle, 2*time.Second); err != nil {
				t.Error(err)
			}
		})
		got, err := q.Receive(t.Context(), 1, 20*time.Second)
		wantReceived(t, start, got, err, 1, 3*time.Second)
	})
}

func TestReceive_StopsAfterItsWaitTimeOrWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{})
		start := time.Now()
		got, err := q.Receive(t.Context(), 1, 20*time.Second)
		wantReceived(t, start, got, err, 0, 20*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := q.Receive(ctx, 1, 20*time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Receive returned error %v, want the error of the context", err)
		}
	})
}

func TestReceive_ReturnsAMessageToOneOfManyLongPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{VisibilityTimeout: new(time.Hour)})
		received := make(chan string, 10)
		var polls sync.WaitGroup
		for range 10 {
			polls.Go(func() {
				got, err := q.Receive(t.Context(), 10, 20*time.Second)
				if err != nil {
					t.Error(err)
				}
				for _, m := range got {
					received <- m.Body
				}
			})
		}
		synctest.Wait()
		for range 3 {
			send(t, q, "hello")
		}
		synctest.Wait()
		if len(received) != 3 {
			t.Errorf("received %d messages, want 3", len(received))
		}
		polls.Wait()
		if len(received) != 3 {
			t.Errorf("received %d messages in total, want 3", len(received))
		}
	})
}

func TestReceive_StopsAtTheInFlightQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, sqs.QueueConfig{VisibilityTimeout: new(time.Hour)})
		const quota = 120_000
		for range quota + 5 {
			send(t, q, "x")
		}
		got, err := q.Receive(t.Context(), quota+5, 0)
		if err != nil || len(got) != quota {
			t.Fatalf("received %d, %v; want %d", len(got), err, quota)
		}
		_, err = q.Receive(t.Context(), 1, 0)
		expectCode(t, err, "OverLimit")
		if got, err := q.Receive(t.Context(), 1, time.Second); err != nil || len(got) != 0 {
			t.Errorf("a long poll received %d, %v; want nothing and no error", len(got), err)
		}
		start := time.Now()
		time.AfterFunc(time.Second, func() {
			if err := q.Delete(got[0].ReceiptHandle); err != nil {
				t.Error(err)
			}
		})
		got, err = q.Receive(t.Context(), 1, 20*time.Second)
		wantReceived(t, start, got, err, 1, time.Second)
	})
}

func TestSend_RejectsInvalidBodies(t *testing.T) {
	q := newQueue(t, sqs.QueueConfig{})
	for name, test := range map[string]struct{ body, code string }{
		"empty":              {"", "MissingParameter"},
		"NUL":                {"a\x00b", "InvalidMessageContents"},
		"control character":  {"\x1f", "InvalidMessageContents"},
		"U+FFFE":             {"\uFFFE", "InvalidMessageContents"},
		"U+FFFF":             {"\uFFFF", "InvalidMessageContents"},
		"invalid UTF-8":      {"\xff", "InvalidMessageContents"},
		"over 1 MiB":         {strings.Repeat("x", 1<<20+1), "InvalidParameterValue"},
		"surrogate in UTF-8": {"\xed\xa0\x80", "InvalidMessageContents"},
	} {
		_, err := q.Send(test.body, 0)
		t.Run(name, func(t *testing.T) { expectCode(t, err, test.code) })
	}
	longest := strings.Repeat("x", 1<<20)
	for _, body := range []string{"\t\n\r", "\uFFFD", "\U0010FFFF", "\uE000", longest} {
		if _, err := q.Send(body, 0); err != nil {
			t.Errorf("send %.10q: %v", body, err)
		}
	}
}

func newQueue(t testing.TB, c sqs.QueueConfig) *sqs.Queue {
	t.Helper()
	c.Name = "events"
	q, err := newService(t, sqs.Config{}).CreateQueue(c)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func newService(t testing.TB, c sqs.Config) *sqs.Service {
	t.Helper()
	c.Endpoint, c.Region, c.Account = "http://127.0.0.1:4566", "us-east-1", "000000000000"
	s, err := sqs.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func send(t testing.TB, q *sqs.Queue, body string) string {
	t.Helper()
	id, err := q.Send(body, -1)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func receiveOne(t testing.TB, q *sqs.Queue) sqs.Message {
	t.Helper()
	got, err := q.Receive(t.Context(), 1, 0)
	if err != nil || len(got) != 1 {
		t.Fatalf("received %v, %v; want one message", got, err)
	}
	return got[0]
}

// wantReceived checks that a long poll returned count messages. The parameter start is the time
// when the poll began. The parameter after is the poll's expected duration.
func wantReceived(
	t testing.TB, start time.Time, got []sqs.Message, err error, count int, after time.Duration,
) {
	t.Helper()
	if err != nil || len(got) != count || time.Since(start) != after {
		t.Fatalf("received %d messages, %v after %v; want %d after %v",
			len(got), err, time.Since(start), count, after)
	}
}

func expectNone(t testing.TB, q *sqs.Queue) {
	t.Helper()
	if got, err := q.Receive(t.Context(), 1, 0); err != nil || len(got) != 0 {
		t.Fatalf("received %v, %v; want none", got, err)
	}
}

func expectDepth(t testing.TB, q *sqs.Queue, visible, inFlight, delayed int) {
	t.Helper()
	v, f, d := q.Depth()
	if v != visible || f != inFlight || d != delayed {
		t.Fatalf("visible %d, in flight %d, delayed %d; want %d, %d, %d",
			v, f, d, visible, inFlight, delayed)
	}
}

func expectCode(t testing.TB, err error, code string) {
	t.Helper()
	var failure *protocol.Error
	if !errors.As(err, &failure) || failure.Code != code {
		t.Fatalf("error %v, want %s", err, code)
	}
}
