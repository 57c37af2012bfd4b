package main

import (
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
)

func newDLQRedriveCommand(stack *stackFlags) *cobra.Command {
	c := dlqChange{stack: stack, verb: "redrive", past: "redriven", action: dlq.Redrive}
	cmd := &cobra.Command{
		Use:   "redrive [ID...]",
		Short: "Move messages from the DLQ back to the queue",
		Long: `Moves messages from the DLQ back to the queue, and sets their events ENQUEUED.
If an event is PROCESSED already, the command only deletes its message. A
message that names no event stays in the DLQ; delete it with dlq drop.

The command prints how many messages it will redrive, and asks for confirmation.
Select messages by event ids, by filters, or both. The command does not
redrive messages that come to the DLQ after its start. After Ctrl-C, all
messages that it has not redriven yet stay in the DLQ: run the command again.

Exits with 1 if messages could not be redriven or could not be checked.`,
		Example: `  eventpipeline dlq redrive --code unavailable --dry-run
  eventpipeline dlq redrive --code unavailable --newer-than 24h
  eventpipeline dlq redrive 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline dlq redrive --stack event-driven-cloud-platform-dev --all --yes`,
		RunE: c.run,
	}
	c.add(cmd)
	return cmd
}
