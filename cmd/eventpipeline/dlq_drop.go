package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newDLQDropCommand(stack *stackFlags) *cobra.Command {
	c := dlqChange{stack: stack, verb: "drop", past: "dropped", apply: drop}
	cmd := &cobra.Command{
		Use:   "drop [ID...]",
		Short: "Delete messages from the DLQ",
		Long: `Deletes messages from the DLQ. Their events stay FAILED: the status keeps the
reason, and Bronze keeps the payload. If a crashed worker left an event
ENQUEUED, the command sets the event FAILED. If Silver has a record of such an
event, the reconciler later sets the event PROCESSED.

The command prints how many messages it will drop, and asks for confirmation.
Select messages by event ids, by filters, or both. If a message names no event,
select it by its message id. A dropped event can't be redriven; to process it
again, use replay --failed.

Exits with 1 if messages could not be dropped or could not be checked.`,
		Example: `  eventpipeline dlq drop --code invalid-message --dry-run
  eventpipeline dlq drop --code unprocessable-number --older-than 7d
  eventpipeline dlq drop --status PROCESSED
  eventpipeline dlq drop 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 --yes`,
		RunE: c.run,
	}
	c.add(cmd)
	return cmd
}

// drop discards the events of the messages. It returns an error or nil for each message.
func drop(ctx context.Context, p deployment.Pipeline, messages []dlqMessage) []error {
	discarder := pipeline.Discarder{Items: p.Items(), BronzeBucket: p.Bronze, Now: time.Now}
	dead := make([]pipeline.DeadLetter, len(messages))
	for i, m := range messages {
		dead[i] = m.DeadLetter
	}
	return discarder.Discard(ctx, dead)
}
