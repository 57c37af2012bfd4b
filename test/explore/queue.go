package explore

import (
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const (
	visibility      = 6 * time.Minute
	maxReceiveCount = 2
	longDelay       = 5 * time.Hour
)

// queue simulates the queue, its redrive policy and the DLQ.
type queue struct {
	maxReceives int // maxReceiveCount of the redrive policy
	messages    []*message
	sent        int
	deadLetters []pipeline.DeadLetter
}

type message struct {
	event     pipeline.Event
	body      string
	receives  int
	visibleAt time.Time
	number    int
}

func (q *queue) send(event pipeline.Event, body string) *message {
	q.sent++
	m := &message{event: event, body: body, visibleAt: time.Now(), number: q.sent}
	q.messages = append(q.messages, m)
	return m
}

// visible returns the messages that can be delivered, in the order in which they were sent. It
// moves messages that have reached maxReceives to the DLQ.
func (q *queue) visible() []*message {
	var visible []*message
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool {
		due := !m.visibleAt.After(time.Now())
		if due && m.receives >= q.maxReceives {
			q.deadLetters = append(q.deadLetters,
				pipeline.DeadLetter{Body: []byte(m.body), Attempts: m.receives})
			return true
		}
		if due {
			visible = append(visible, m)
		}
		return false
	})
	return visible
}

func (q *queue) delete(m *message) {
	q.messages = slices.DeleteFunc(q.messages, func(other *message) bool { return other == m })
}

// next returns the time at which the next hidden message becomes visible, or zero if there is none.
func (q *queue) next() time.Time {
	var next time.Time
	for _, m := range q.messages {
		if m.visibleAt.After(time.Now()) && (next.IsZero() || m.visibleAt.Before(next)) {
			next = m.visibleAt
		}
	}
	return next
}

func (q *queue) state() uint64 {
	var h uint64
	for _, m := range q.messages {
		h += hash(m.number, m.body, m.receives, max(0, time.Until(m.visibleAt)))
	}
	for _, l := range q.deadLetters {
		h += hash("dead letter"+string(l.Body), l.Failure)
	}
	return h
}
