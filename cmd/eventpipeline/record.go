package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stored"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newRecordCommand() *cobra.Command {
	var stack stackFlags
	var bronze bool
	cmd := &cobra.Command{
		Use:   "record EVENT_ID",
		Short: "Print an event's records in Silver",
		Long: `Prints the records of an event as they are stored in Silver: a line of JSON for
each record that the processor made. If the processor filtered the event, the
command prints one line with the reason. With --bronze it prints the accepted
payload instead, byte for byte. If the output is a terminal, the command indents
and colours the JSON, and escapes control characters.

Exits with 1 if the event does not exist or has no record yet.`,
		Example: `  eventpipeline record 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline record 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 | jq .payload
  eventpipeline record --bronze 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 >body.json
  eventpipeline record --stack event-driven-cloud-platform-dev EVENT_ID`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkID("EVENT_ID", args[0]); err != nil {
				return usageError{err}
			}
			object, err := readStored(cmd.Context(), &stack, args[0], bronze)
			if err != nil {
				return err
			}
			if out := cmd.OutOrStdout(); tty.IsTerminal(out) {
				return tty.WriteJSON(out, object, tty.ShowsColours(out))
			}
			return tty.Write(cmd.OutOrStdout(), object)
		},
	}
	stack.add(cmd)
	cmd.Flags().BoolVar(&bronze, "bronze", false, "print the accepted payload instead")
	return cmd
}

// readStored returns the event's object in Silver, or its object in Bronze if bronze is true.
func readStored(
	ctx context.Context, stack *stackFlags, id string, bronze bool,
) ([]byte, error) {
	p, err := stack.findForEvent(ctx, id)
	if err != nil {
		return nil, err
	}
	item, err := pipeline.LookUp(ctx, p.Items(), id)
	if errors.Is(err, pipeline.ErrNotFound) {
		return nil, noEvent(id, p)
	}
	if err != nil {
		return nil, err
	}
	if bronze {
		payload, err := stored.Payload(ctx, p, item.Event)
		return payload, explainMissing(err, "payload", id, item.Bronze)
	}
	switch item.Status {
	case pipeline.Enqueued:
		return nil, fmt.Errorf("event %s is ENQUEUED and has no record yet.\n"+
			"See its status with: %s\nIf it stays ENQUEUED, look for its message with: %s", id,
			suggestCommand("status", stack.String(), id),
			suggestCommand("dlq list", stack.String()))
	case pipeline.Failed:
		return nil, fmt.Errorf("event %s is FAILED (%s) and has no record.\nSee why with: %s",
			id, item.Failure.Code, suggestCommand("dlq show", stack.String(), id))
	}
	records, err := stored.Records(ctx, p, item)
	return records, explainMissing(err, "record", id, item.Silver)
}

// explainMissing replaces pipeline.ErrNotFound by an error with the object's location. It returns
// other errors unchanged.
func explainMissing(err error, name, id string, location pipeline.Location) error {
	if !errors.Is(err, pipeline.ErrNotFound) {
		return err
	}
	return fmt.Errorf("the %s of event %s is missing: there is no object %s",
		name, id, s3URL(location))
}
