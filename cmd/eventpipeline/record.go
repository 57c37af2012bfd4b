package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newRecordCommand() *cobra.Command {
	var stack stackFlags
	var bronze bool
	cmd := &cobra.Command{
		Use:   "record EVENT_ID",
		Short: "Print the records that Silver holds of an event",
		Long: `Prints an event's records from Silver as they are stored: one line of JSON for each that the processor made, and one with
the reason if it dropped the event. With --bronze it prints the payload instead, byte for byte as it was accepted.
On a terminal, what a terminal would obey instead of showing it is escaped, and the last line ends.

Exits with 1 if there is no such event, or no record of it yet.`,
		Example: `  eventpipeline record 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline record 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 | jq .payload
  eventpipeline record --bronze 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 >payload.json
  eventpipeline record --stack event-driven-cloud-platform-dev 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !pipeline.ValidID(args[0]) {
				return usageError{fmt.Errorf("%q is no id of an event", args[0])}
			}
			stored, err := stack.record(cmd.Context(), args[0], bronze)
			if err != nil {
				return err
			}
			return printBytes(cmd.OutOrStdout(), stored)
		},
	}
	stack.add(cmd)
	cmd.Flags().BoolVar(&bronze, "bronze", false, "print the payload as it was accepted instead")
	return cmd
}

// record is what Silver, or Bronze, holds of an event.
func (f *stackFlags) record(ctx context.Context, id string, bronze bool) ([]byte, error) {
	r, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.need("BronzeBucketName", "SilverBucketName", "EventsTableName"); err != nil {
		return nil, err
	}
	item, err := r.events().Get(ctx, id)
	if errors.Is(err, pipeline.ErrNotFound) {
		return nil, fmt.Errorf("there is no event %s in stack %s: check the id; or the event is older than StatusRetention", id, r.Stack)
	}
	if err != nil {
		return nil, err
	}
	from, place, what := r.silver(), item.Silver, "record"
	switch {
	case bronze:
		from, place, what = r.bronze(), item.Bronze, "payload"
	case item.Status == pipeline.Enqueued:
		return nil, fmt.Errorf("event %s is ENQUEUED: its record is still to be made. See when it is, with: %s status %s%s; if it stays so, look for its message with: %s dlq list %s", id, commandName, f.text(), id, commandName, strings.TrimSpace(f.text()))
	case item.Status == pipeline.Failed:
		return nil, fmt.Errorf("event %s is FAILED (%s) and has no record. See why, with: %s dlq show %s%s", id, item.Failure.Code, commandName, f.text(), id)
	}
	stored, err := from.Get(ctx, place.Key)
	if errors.Is(err, pipeline.ErrNotFound) {
		return nil, fmt.Errorf("the %s of event %s is gone: there is no %s", what, id, s3URL(place))
	}
	return stored, err
}
