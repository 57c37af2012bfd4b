package main

import (
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
)

func newDLQDropCommand(stack *stackFlags) *cobra.Command {
	c := dlqChange{stack: stack, verb: "drop", past: "dropped", action: dlq.Discard}
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
