package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newDLQRedriveCommand(stack *stackFlags) *cobra.Command {
	c := dlqChange{
		stack: stack, verb: "redrive", past: "redriven", apply: redrive, rejects: neverRedrivable,
	}
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

// neverRedrivable reports whether redriving the message always fails: the message names no event,
// or its event has another payload now.
func neverRedrivable(m dlqMessage) bool { return m.EventID == "" || m.stale }

// redrive redrives the messages. It returns an error or nil for each message.
func redrive(ctx context.Context, p deployment.Pipeline, messages []dlqMessage) []error {
	redriver := pipeline.Redriver{
		Items: p.Items(), Queue: p.Queue(), Checkpoints: p.Checkpoints(), BronzeBucket: p.Bronze,
		Now: time.Now,
	}
	bodies := make([][]byte, len(messages))
	for i, m := range messages {
		bodies[i] = m.Body
	}
	errs := make([]error, len(messages))
	for i, result := range redriver.Redrive(ctx, bodies) {
		errs[i] = result.Err
	}
	return errs
}
