package sqs_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// TestQueue_MatchesModel calls random operations of a queue with a dead-letter queue. It restarts
// the service at random, as after a crash. It compares every result with a model:
//
//   - No message is lost.
//   - No message is received twice within its visibility timeout.
//   - All receive counts are correct.
func TestQueue_MatchesModel(t *testing.T) {
	dir, runs := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		db, err := store.Open(filepath.Join(dir, fmt.Sprint(runs)))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		m := &model{db: db, now: time.Unix(1_800_000_000, 0), messages: map[string]*modelMessage{}}
		m.start(t)
		t.Repeat(rapid.StateMachineActions(m))
		m.drain(t)
	})
}

const (
	modelVisibility  = 10 * time.Second
	modelMaxReceives = 3
)

type model struct {
	db          *store.DB
	source, dlq *sqs.Queue
	now         time.Time
	messages    map[string]*modelMessage // sent and not deleted
	handles     []modelHandle            // all receipt handles, including stale ones
}

type modelMessage struct {
	body      string
	visibleAt time.Time
	receives  int
	handle    string // the latest receipt handle
	dead      bool
}

type modelHandle struct{ messageID, text string }

func (m *model) start(t *rapid.T) {
	s, err := sqs.New(sqs.Config{
		Region: "us-east-1", Account: "000000000000",
		DB: m.db, Now: func() time.Time { return m.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	m.dlq, err = s.CreateQueue(sqs.QueueConfig{
		Name: "dead", VisibilityTimeout: new(modelVisibility),
	})
	if err != nil {
		t.Fatal(err)
	}
	m.source, err = s.CreateQueue(sqs.QueueConfig{
		Name: "events", VisibilityTimeout: new(modelVisibility),
		MaxReceiveCount: modelMaxReceives, DeadLetterQueue: "dead",
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (m *model) Send(t *rapid.T) {
	body := rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "body")
	delay := time.Duration(rapid.IntRange(0, 3).Draw(t, "delay")) * time.Second
	id, err := m.source.Send(body, delay)
	if err != nil {
		t.Fatal(err)
	}
	m.messages[id] = &modelMessage{body: body, visibleAt: m.now.Add(delay)}
}

func (m *model) Receive(t *rapid.T) {
	limit := rapid.IntRange(1, 10).Draw(t, "limit")
	got, err := m.source.Receive(t.Context(), limit, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range got {
		m.checkReceived(t, r)
	}
	if len(got) == limit {
		// Receive returned as many messages as it may. So the queue did not examine the remaining
		// messages.
		m.syncDeadLetters(t)
		return
	}
	for id, msg := range m.messages {
		if msg.dead || msg.visibleAt.After(m.now) {
			continue
		}
		if msg.receives < modelMaxReceives {
			t.Fatalf("message %s was visible but not received", id)
		}
		msg.dead, msg.visibleAt = true, m.now
	}
}

func (m *model) checkReceived(t *rapid.T, r sqs.Message) {
	msg := m.messages[r.ID]
	switch {
	case msg == nil:
		t.Fatalf("received %s, which was deleted", r.ID)
	case msg.dead:
		t.Fatalf("received %s, which is in the dead-letter queue", r.ID)
	case msg.visibleAt.After(m.now):
		t.Fatalf("received %s, which is invisible", r.ID)
	case msg.receives >= modelMaxReceives:
		t.Fatalf("received %s with receive count %d", r.ID, msg.receives+1)
	}
	msg.receives++
	if r.Body != msg.body || r.ReceiveCount != msg.receives {
		t.Fatalf("received %q with receive count %d, want %q with %d",
			r.Body, r.ReceiveCount, msg.body, msg.receives)
	}
	msg.visibleAt, msg.handle = m.now.Add(modelVisibility), r.ReceiptHandle
	m.handles = append(m.handles, modelHandle{r.ID, r.ReceiptHandle})
}

// syncDeadLetters marks the messages in the dead-letter queue as dead in the model. The messages
// stay in the queue.
func (m *model) syncDeadLetters(t *rapid.T) {
	got, err := m.dlq.Receive(t.Context(), 1000, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range got {
		msg := m.messages[r.ID]
		if msg == nil || msg.receives < modelMaxReceives ||
			!msg.dead && msg.visibleAt.After(m.now) {
			t.Fatalf("message %s moved to the dead-letter queue too early: %+v", r.ID, msg)
		}
		msg.dead, msg.visibleAt = true, m.now
		if err := m.dlq.ChangeVisibility(r.ReceiptHandle, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *model) Delete(t *rapid.T) {
	h := m.drawHandle(t)
	if err := m.source.Delete(h.text); err != nil {
		t.Fatal(err)
	}
	if msg := m.messages[h.messageID]; msg != nil && !msg.dead && msg.handle == h.text {
		delete(m.messages, h.messageID)
	}
}

func (m *model) ChangeVisibility(t *rapid.T) {
	h := m.drawHandle(t)
	timeout := time.Duration(rapid.IntRange(0, 20).Draw(t, "timeout")) * time.Second
	err := m.source.ChangeVisibility(h.text, timeout)
	msg := m.messages[h.messageID]
	valid := msg != nil && !msg.dead && msg.handle == h.text && msg.visibleAt.After(m.now)
	if valid != (err == nil) {
		t.Fatalf("change visibility of %+v: %v", msg, err)
	}
	if valid {
		msg.visibleAt = m.now.Add(timeout)
	}
}

func (m *model) Wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 12_000).Draw(t, "ms")) * time.Millisecond)
}

func (m *model) Crash(t *rapid.T) { m.start(t) }

func (m *model) drawHandle(t *rapid.T) modelHandle {
	if len(m.handles) == 0 {
		t.Skip("no message was received yet")
	}
	return rapid.SampledFrom(m.handles).Draw(t, "handle")
}

// Check compares the message counts of both queues with the model.
func (m *model) Check(t *rapid.T) {
	var want [3]int
	dead := 0
	for _, msg := range m.messages {
		switch {
		case msg.dead:
			dead++
		case !msg.visibleAt.After(m.now):
			want[0]++
		case msg.receives > 0:
			want[1]++
		default:
			want[2]++
		}
	}
	var got [3]int
	got[0], got[1], got[2] = m.source.Depth()
	if got != want {
		t.Fatalf("visible, in flight, delayed: %v, want %v", got, want)
	}
	if visible, inFlight, delayed := m.dlq.Depth(); visible+inFlight+delayed != dead {
		t.Fatalf("%d messages in the dead-letter queue, want %d", visible+inFlight+delayed, dead)
	}
}

// drain receives and deletes all messages, and checks that no message was lost.
func (m *model) drain(t *rapid.T) {
	m.now = m.now.Add(time.Minute)
	for _, q := range []*sqs.Queue{m.source, m.dlq} {
		for {
			got, err := q.Receive(t.Context(), 10, 0)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 {
				break
			}
			for _, r := range got {
				if m.messages[r.ID] == nil {
					t.Fatalf("received %s, which was deleted", r.ID)
				}
				delete(m.messages, r.ID)
				if err := q.Delete(r.ReceiptHandle); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if len(m.messages) > 0 {
		t.Fatalf("%d messages were lost", len(m.messages))
	}
}
