package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/logs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newLogsCommand() *cobra.Command {
	var stack stackFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "logs EVENT_ID",
		Short: "Show what the functions logged about an event",
		Long: `Prints the lines in CloudWatch Logs that contain the id of the event: the lines
of the API function, the worker and the reconciler, the oldest first. For an
event of a batch, it prints the lines of the batch too.

It also prints the lines without an id from the same invocations, such as the
output of fmt.Println. One invocation of the worker processes several messages,
so these lines can be about another event. A line has the id if the processor
logs with processor.Log(ctx).

Exits with 1 if the event does not exist or has no lines. CloudWatch Logs shows
a line some seconds after the function has logged it.`,
		Example: `  eventpipeline logs 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline logs --stack event-driven-cloud-platform-dev EVENT_ID
  eventpipeline logs --json EVENT_ID | jq -r .line.msg`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkID("EVENT_ID", args[0]); err != nil {
				return usageError{err}
			}
			return showLogs(cmd, &stack, args[0], asJSON)
		},
	}
	stack.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false,
		"print one line of JSON per log line, with time, function and line")
	return cmd
}

// clockSkew is the maximum expected difference between two functions' clocks. The search for log
// lines begins this long before the event's receipt.
const clockSkew = time.Minute

func showLogs(cmd *cobra.Command, stack *stackFlags, id string, asJSON bool) error {
	p, err := stack.findForEvent(cmd.Context(), id)
	if err != nil {
		return err
	}
	item, err := pipeline.LookUp(cmd.Context(), p.Items(), id)
	if errors.Is(err, pipeline.ErrNotFound) {
		return noEvent(id, p)
	}
	if err != nil {
		return err
	}
	lines, err := logs.Find(cmd.Context(), p, id, item.ReceivedAt.Add(-clockSkew))
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return fmt.Errorf("the functions' logs contain no line of event %s: "+
			"lines may have expired, or CloudWatch Logs does not show them yet; "+
			"try again in a minute", id)
	}
	out := cmd.OutOrStdout()
	style := activity.Style{Colour: tty.ShowsColours(out), Source: true}
	wrapped := tty.Wrap(out)
	for _, line := range lines {
		step := activity.ParseLogLine(line.Time, line.Function, line.Text)
		if asJSON {
			err = printJSON(out, newLoggedLine(line))
		} else {
			err = activity.Print(wrapped, step, style)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// loggedLine defines a line that "logs --json" prints.
type loggedLine struct {
	Time     time.Time       `json:"time"`
	Function string          `json:"function"`
	Line     json.RawMessage `json:"line"` // an object, or a string if the line is not JSON
}

func newLoggedLine(line logs.Line) loggedLine {
	text := json.RawMessage(line.Text)
	if !json.Valid(text) {
		text, _ = json.Marshal(line.Text) // a string is always valid
	}
	return loggedLine{line.Time, line.Function, text}
}
