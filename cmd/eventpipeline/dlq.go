package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

func newDLQCommand() *cobra.Command {
	var stack stackFlags
	cmd := &cobra.Command{
		Use:   "dlq",
		Short: "List, show, redrive and drop messages in the dead-letter queue",
		Long: `The dead-letter queue (DLQ) holds the messages of failed events. Bronze keeps
their payloads.

Each message has the code of the reason, such as unavailable or
unprocessable-number; docs/runbooks.md says what to do about each code. A
message without a code (listed as none) was moved to the DLQ by SQS, because the
worker crashed or timed out at every delivery.`,
		Example: `  eventpipeline dlq list
  eventpipeline dlq show 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline dlq redrive --code unavailable --dry-run
  eventpipeline dlq drop --type demo --older-than 7d`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	stack.add(cmd)
	cmd.AddCommand(newDLQListCommand(&stack), newDLQShowCommand(&stack),
		newDLQRedriveCommand(&stack), newDLQDropCommand(&stack))
	return cmd
}

// dlqMessage combines a message of the DLQ with the state of its event.
type dlqMessage struct {
	sqs.ReceivedDeadLetter
	event  pipeline.Event  // zero if the message names no event
	status pipeline.Status // "" if the event has no item
	stale  bool            // the item has another Bronze object: the idempotency key was reused
}

// newDLQMessage returns the message with the event that its body names, if any.
func newDLQMessage(received sqs.ReceivedDeadLetter, bronzeBucket string) dlqMessage {
	event, err := pipeline.ReadMessage(received.Body, bronzeBucket)
	if err != nil {
		return dlqMessage{ReceivedDeadLetter: received}
	}
	received.EventID, received.EventType = event.ID, event.Type
	return dlqMessage{ReceivedDeadLetter: received, event: event}
}

// id returns the id of the event, or the id of the message if the message names no event.
func (m dlqMessage) id() string {
	if m.EventID == "" {
		return m.MessageID
	}
	return m.EventID
}

// noCode is the code that the commands show for a message without a code. Such a message was moved
// to the DLQ by SQS and not by the worker.
const noCode = "none"

func (m dlqMessage) code() string {
	if m.Failure.Code == "" {
		return noCode
	}
	return string(m.Failure.Code)
}

// failedAt returns the time at which the event failed. A message that SQS moved to the DLQ does not
// contain this time. For such a message, failedAt returns the time at which the message was sent to
// the queue.
func (m dlqMessage) failedAt() time.Time {
	if m.FailedAt.IsZero() {
		return m.SentAt
	}
	return m.FailedAt
}

// listedMessage defines a line of dlq list --json.
type listedMessage struct {
	EventID   string          `json:"eventId,omitempty"`
	MessageID string          `json:"messageId,omitempty"`
	EventType string          `json:"eventType,omitempty"`
	Status    pipeline.Status `json:"status,omitempty"`
	Code      string          `json:"code,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Attempts  int             `json:"attempts,omitempty"`
	FailedAt  time.Time       `json:"failedAt,omitzero"`
	SentAt    time.Time       `json:"sentAt,omitzero"`
}

func (m dlqMessage) listed() listedMessage {
	return listedMessage{
		m.EventID, m.MessageID, m.EventType, m.status, m.code(), m.Failure.Reason, m.Attempts,
		m.FailedAt, m.SentAt,
	}
}
