// Package dlq lists and changes the messages in the dead-letter queue of a pipeline.
package dlq

import (
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

// Message combines a message of the DLQ with the state of its event.
type Message struct {
	sqs.ReceivedDeadLetter
	Event  pipeline.Event  // zero if the message names no event
	Status pipeline.Status // "" if the event has no item
	Stale  bool            // the item has another Bronze object: the idempotency key was reused
}

// newMessage returns the message, with its event if the body names one.
func newMessage(received sqs.ReceivedDeadLetter, bronzeBucket string) Message {
	event, err := pipeline.ReadMessage(received.Body, bronzeBucket)
	if err != nil {
		return Message{ReceivedDeadLetter: received}
	}
	received.EventID, received.EventType = event.ID, event.Type
	return Message{ReceivedDeadLetter: received, Event: event}
}

// ID returns the id of the event, or the id of the message if the message names no event.
func (m Message) ID() string {
	if m.EventID == "" {
		return m.MessageID
	}
	return m.EventID
}

// noCode represents a missing code. A message that SQS itself moved to the DLQ has no code.
const noCode = "none"

// Code returns the code of the failure, or noCode.
func (m Message) Code() string {
	if m.Failure.Code == "" {
		return noCode
	}
	return string(m.Failure.Code)
}

// FailureTime returns the time at which the event failed. If SQS itself moved the message to the
// DLQ, FailureTime returns the time at which the message was sent to the queue.
func (m Message) FailureTime() time.Time {
	if m.FailedAt.IsZero() {
		return m.SentAt
	}
	return m.FailedAt
}
