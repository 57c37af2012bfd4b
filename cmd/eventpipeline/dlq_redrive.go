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
		stack: stack, verb: "redrive", past: "redriven", apply: redrive, rejects: isUnredrivable,
	}
	cmd := &cobra.Command{
		Use:   "redrive [ID...]",
		Short: "Move messages from the DLQ back to the queue",
		Long: `Sets the events of messages in the DLQ ENQUEUED, puts them on the queue, and
then deletes the messages from the DLQ. An event that is PROCESSED already stays
so; its message is deleted. A message that is not an event's stays: drop it.

The command prints what it is going to do, and asks. Select messages by event
ids, by filters, or both; messages that come to the DLQ later are left alone.
After Ctrl-C the rest stays in the DLQ: run the command again.

Exits with 1 if messages could not be redriven, or not be looked at.`,
		Example: `  eventpipeline dlq redrive --code unavailable --dry-run
  eventpipeline dlq redrive --code unavailable --newer-than 24h
  eventpipeline dlq redrive 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline dlq redrive --stack event-driven-cloud-platform-dev --all --yes`,
		RunE: c.run,
	}
	c.add(cmd)
	return cmd
}

// isUnredrivable reports whether every redrive of the message fails.
func isUnredrivable(m dlqMessage) bool { return m.EventID == "" || m.stale }

// redrive redrives messages, and returns an error or nil for each.
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
