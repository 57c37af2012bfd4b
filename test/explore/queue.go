package explore

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const (
	visibility      = 6 * time.Minute
	maxReceiveCount = 2
	longDelay       = 5 * time.Hour
)

// queue simulates the queue, its redrive policy and the DLQ. A change of a message creates a new
// message, because saved states refer to the old one.
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
	content   uint64 // hash of number and body
}

// receiptHandle returns the receipt handle of the last delivery.
func (m *message) receiptHandle() string {
	return fmt.Sprintf("message %d, delivery %d", m.number, m.receives)
}

func (q *queue) send(m message) {
	q.sent++
	m.number = q.sent
	m.content = hash(m.number, m.body)
	q.messages = append(slices.Clip(q.messages), &m)
}

// visible returns the messages that can be delivered, in the order in which they were sent. It
// moves messages that have reached maxReceives to the DLQ.
func (q *queue) visible(now time.Time) []*message {
	var visible, kept []*message
	for _, m := range q.messages {
		due := !m.visibleAt.After(now)
		if due && m.receives >= q.maxReceives {
			q.deadLetters = append(slices.Clip(q.deadLetters),
				pipeline.DeadLetter{Body: []byte(m.body), Attempts: m.receives})
			continue
		}
		kept = append(kept, m)
		if due {
			visible = append(visible, m)
		}
	}
	q.messages = kept
	return visible
}

// receive sets the number of receives of a message and the time at which it becomes visible again.
func (q *queue) receive(m *message, receives int, visibleAt time.Time) *message {
	changed := *m
	changed.receives, changed.visibleAt = receives, visibleAt
	q.messages = slices.Clone(q.messages)
	q.messages[slices.Index(q.messages, m)] = &changed
	return &changed
}

// find returns the message to which the receipt handle belongs, or nil. Each delivery has its own
// receipt handle, and all of them remain valid.
func (q *queue) find(receiptHandle string) *message {
	number, _, _ := strings.Cut(strings.TrimPrefix(receiptHandle, "message "), ",")
	for _, m := range q.messages {
		if strconv.Itoa(m.number) == number {
			return m
		}
	}
	return nil
}

func (q *queue) delete(receiptHandle string) {
	deleted := q.find(receiptHandle)
	q.messages = slices.DeleteFunc(slices.Clone(q.messages),
		func(m *message) bool { return m == deleted })
}

// next returns the time at which the next hidden message becomes visible, or zero if there is none.
func (q *queue) next(now time.Time) time.Time {
	var next time.Time
	for _, m := range q.messages {
		if m.visibleAt.After(now) && (next.IsZero() || m.visibleAt.Before(next)) {
			next = m.visibleAt
		}
	}
	return next
}

func (q *queue) stateHash(now time.Time) uint64 {
	var h uint64
	for _, m := range q.messages {
		h += hash([3]uint64{m.content, uint64(m.receives), uint64(max(0, m.visibleAt.Sub(now)))})
	}
	for _, l := range q.deadLetters {
		h += hash("dead letter"+string(l.Body), l.Failure)
	}
	return h
}
