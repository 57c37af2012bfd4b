package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newDLQDropCommand(stack *stackFlags) *cobra.Command {
	c := dlqChange{stack: stack, verb: "drop", past: "dropped", apply: drop}
	cmd := &cobra.Command{
		Use:   "drop [ID...]",
		Short: "Give events in the DLQ up",
		Long: `Deletes messages from the DLQ for good. Their events stay FAILED, with the reason in their status and the payload in
Bronze; one that a killed worker left ENQUEUED becomes FAILED. The reconciler makes an event PROCESSED that has its record.

It first says what it will do, and asks. Messages are picked by the ids of their events (or their own, if they are no
event's), by a filter, or both. A dropped event can't be redriven, but replayed with --failed.

Exits with 1 if some messages stay that should have been dropped, or could not be looked at.`,
		Example: `  eventpipeline dlq drop --code invalid-message --dry-run
  eventpipeline dlq drop --code unprocessable-number --older-than 7d
  eventpipeline dlq drop --status PROCESSED
  eventpipeline dlq drop 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 --yes`,
		RunE: c.run,
	}
	c.add(cmd)
	return cmd
}

// drop settles the letters' events and returns an error, or nil, for each.
func drop(ctx context.Context, r resources, letters []letter) []error {
	dropper := pipeline.Discarder{Items: r.events(), BronzeBucket: r.outputs["BronzeBucketName"], Now: time.Now}
	dead := make([]pipeline.DeadLetter, len(letters))
	for i, l := range letters {
		dead[i] = l.DeadLetter
	}
	return dropper.Discard(ctx, dead)
}
