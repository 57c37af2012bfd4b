package sqs_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// In the tables below, each letter represents a message of the group with this name. A hyphen
// represents a message without a group.

func TestReceive_ReturnsMessagesOfNoisyGroupsLast(t *testing.T) {
	repeat := strings.Repeat
	for _, test := range []struct{ name, sent, want string }{
		{"30 in flight", repeat("a", 40) + "b-b", repeat("a", 30) + "b-b" + repeat("a", 10)},
		{"29 in flight", repeat("a", 29) + "b-a", repeat("a", 29) + "b-a"},
		{"a tenth of all in flight", repeat("-", 300) + repeat("a", 40) + "b",
			repeat("-", 300) + repeat("a", 34) + "b" + repeat("a", 6)},
		{"two noisy groups", repeat("a", 40) + repeat("b", 35) + "c",
			repeat("a", 30) + repeat("b", 30) + "c" + repeat("ab", 5) + repeat("a", 5)},
		{"no groups", repeat("-", 100) + "b-", repeat("-", 100) + "b-"},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := newGroupedQueue(t, sqs.Config{})
			q.send(test.sent)
			if got, _ := q.receive(1000); got != test.want {
				t.Errorf("received %s, want %s", got, test.want)
			}
		})
	}
}

func TestReceive_ReturnsRetriedMessagesOfNoisyGroupsLast(t *testing.T) {
	q := newGroupedQueue(t, sqs.Config{})
	q.send(strings.Repeat("a", 31))
	_, handles := q.receive(30)
	if err := q.ChangeVisibility(handles[0], 0); err != nil {
		t.Fatal(err)
	}
	q.send("b")
	if got, _ := q.receive(10); got != "baa" {
		t.Errorf("received %s, want baa", got)
	}
}

func TestReceive_TreatsAGroupWithoutBacklogAsQuiet(t *testing.T) {
	q := newGroupedQueue(t, sqs.Config{})
	q.send(strings.Repeat("a", 40))
	_, handles := q.receive(40)
	q.send("abab")
	if err := q.Delete(handles...); err != nil {
		t.Fatal(err)
	}
	if got, _ := q.receive(10); got != "abab" {
		t.Errorf("received %s, want abab", got)
	}
}

// A sender's burst delays the messages of another sender by less than a second if messages have
// groups. Without groups, it delays them by more than a minute.
func TestQueue_IsFairToAnotherSenderDuringABurst(t *testing.T) {
	with, without := quietSenderP99(t, "a", "b"), quietSenderP99(t, "-", "-")
	if with > time.Second || without < time.Minute {
		t.Errorf("p99 of the other sender's delays: with groups %v, without groups %v",
			with, without)
	}
}

// BenchmarkQuietSender reports how long one sender's messages wait during another sender's burst.
// The clock is simulated.
func BenchmarkQuietSender(b *testing.B) {
	for name, groups := range map[string][2]string{
		"with groups": {"a", "b"}, "without groups": {"-", "-"},
	} {
		b.Run(name, func(b *testing.B) {
			var p99 time.Duration
			for b.Loop() {
				p99 = quietSenderP99(b, groups[0], groups[1])
			}
			b.ReportMetric(p99.Seconds(), "p99-s")
		})
	}
}

// quietSenderP99 simulates a burst of 10,000 messages and a quiet sender of ten messages a second.
// It returns the 99th percentile of the waiting times of the quiet sender's messages.
func quietSenderP99(t testing.TB, burstGroup, quietGroup string) time.Duration {
	const tick, processing = 100 * time.Millisecond, 500 * time.Millisecond
	const burst, quiet = 10_000, 600
	now := time.Unix(1_800_000_000, 0)
	q := newGroupedQueue(t, sqs.Config{Now: func() time.Time { return now }})
	q.send(strings.Repeat(burstGroup, burst))

	type consumer struct {
		busyUntil time.Time
		handles   []string
	}
	var consumers [8]consumer
	sent := map[string]time.Time{}
	var waits []time.Duration
	for len(waits) < quiet {
		if len(sent) < quiet {
			sent[q.send(quietGroup)[0]] = now
		}
		for i := range consumers {
			c := &consumers[i]
			if c.busyUntil.After(now) {
				continue
			}
			if err := q.Delete(c.handles...); err != nil {
				t.Fatal(err)
			}
			messages, err := q.Receive(t.Context(), 10, 0)
			if err != nil {
				t.Fatal(err)
			}
			c.busyUntil, c.handles = now.Add(processing), nil
			for _, m := range messages {
				c.handles = append(c.handles, m.ReceiptHandle)
				if at, ok := sent[m.ID]; ok {
					waits = append(waits, now.Sub(at))
				}
			}
		}
		now = now.Add(tick)
	}
	slices.Sort(waits)
	return waits[len(waits)*99/100]
}

// groupedQueue sends and receives messages of groups.
type groupedQueue struct {
	*sqs.Queue
	t       testing.TB
	service *sqs.Service
}

func newGroupedQueue(t testing.TB, c sqs.Config) groupedQueue {
	t.Helper()
	s := newService(t, c)
	q, err := s.CreateQueue(sqs.QueueConfig{Name: "events", VisibilityTimeout: new(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return groupedQueue{q, t, s}
}

// send sends a message for each character of groups. It returns the ids of the messages.
func (q groupedQueue) send(groups string) (ids []string) {
	q.t.Helper()
	for _, group := range strings.Split(groups, "") {
		body := `{"QueueUrl":"events","MessageBody":"x","MessageGroupId":"` + group + `"}`
		if group == "-" {
			body = `{"QueueUrl":"events","MessageBody":"x"}`
		}
		status, _, response := call(q.t, q.service, "SendMessage", body)
		if status != 200 {
			q.t.Fatalf("send to group %s: %d %v", group, status, response)
		}
		ids = append(ids, response["MessageId"].(string))
	}
	return ids
}

// receive receives up to limit messages. It returns the messages' groups and receipt handles.
func (q groupedQueue) receive(limit int) (groups string, handles []string) {
	q.t.Helper()
	messages, err := q.Receive(q.t.Context(), limit, 0)
	if err != nil {
		q.t.Fatal(err)
	}
	for _, m := range messages {
		group := m.GroupID
		if group == "" {
			group = "-"
		}
		groups += group
		handles = append(handles, m.ReceiptHandle)
	}
	return groups, handles
}
