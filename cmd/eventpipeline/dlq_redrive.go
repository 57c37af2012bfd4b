package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newDLQRedriveCommand(stack *stackFlags) *cobra.Command {
	c := dlqChange{stack: stack, verb: "redrive", past: "redriven", apply: redrive, refuses: unredrivable}
	cmd := &cobra.Command{
		Use:   "redrive [ID...]",
		Short: "Give events in the DLQ another chance",
		Long: `Sets events in the DLQ ENQUEUED again, puts them on the queue, and then removes their messages from the DLQ.

It first says what it will do, and asks. Messages are picked by the ids of their events, by a filter, or both; what comes
to the DLQ after it began is left alone. Stopped with Ctrl-C, what was not done stays in the DLQ: run it again. An event
that is PROCESSED already stays so, and its message is removed. A message that is no event's stays: drop it.

Exits with 1 if some messages stay that should have been redriven, or could not be looked at.`,
		Example: `  eventpipeline dlq redrive --code unavailable --dry-run
  eventpipeline dlq redrive --code unavailable --newer-than 24h
  eventpipeline dlq redrive 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline dlq redrive --stack event-driven-cloud-platform-dev --all --yes`,
		RunE: c.run,
	}
	c.add(cmd)
	return cmd
}

// unredrivable tells beforehand for which letters a redrive fails, whatever the services do.
func unredrivable(l letter) bool { return l.EventID == "" || l.stale }

// redrive redrives letters and returns an error, or nil, for each.
func redrive(ctx context.Context, r resources, letters []letter) []error {
	redriver := pipeline.Redriver{
		Items: r.events(), Queue: r.queue(), Checkpoints: r.checkpoints(), BronzeBucket: r.outputs["BronzeBucketName"], Now: time.Now,
	}
	bodies := make([][]byte, len(letters))
	for i, l := range letters {
		bodies[i] = l.Body
	}
	errs := make([]error, len(letters))
	for i, result := range redriver.Redrive(ctx, bodies) {
		errs[i] = result.Err
	}
	return errs
}
