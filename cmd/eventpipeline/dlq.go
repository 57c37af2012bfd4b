package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
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

// listedMessage defines a line that "dlq list --json" prints.
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

func newListedMessage(m dlq.Message) listedMessage {
	return listedMessage{
		m.EventID, m.MessageID, m.EventType, m.Status, m.Code(), m.Failure.Reason, m.Attempts,
		m.FailedAt, m.SentAt,
	}
}
