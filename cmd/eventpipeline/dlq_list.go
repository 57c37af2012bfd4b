package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

func newDLQListCommand(stack *stackFlags) *cobra.Command {
	var filter dlqFilter
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the messages in the DLQ",
		Long: `Lists the messages in the DLQ, unsorted. Then it prints how many messages
there are of each code, type and status.

SQS hides a message after a client receives it. At the end, the command makes up
to 10,000 messages visible again; the others become visible within five minutes.
It lists at most 100,000 messages.

Exits with 1 if the list is incomplete, because another client has received
messages or the DLQ holds more than 100,000. In this case --json prints a last
line with the fields hidden and truncated.`,
		Example: `  eventpipeline dlq list
  eventpipeline dlq list --code unavailable,none --type demo --newer-than 24h
  eventpipeline dlq list --json | jq -r .eventId`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := filter.parse(cmd, nil); err != nil {
				return usageError{err}
			}
			p, err := stack.find(cmd.Context())
			if err != nil {
				return err
			}
			return listDLQ(cmd, p, &filter, asJSON)
		},
	}
	filter.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON per message")
	return cmd
}

func listDLQ(cmd *cobra.Command, p deployment.Pipeline, filter *dlqFilter, asJSON bool) error {
	out, now := cmd.OutOrStdout(), time.Now()
	// If the reader closes the pipe, SIGPIPE must not end the program, because the program must
	// first make the messages visible again. With this call, the write returns an error instead.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	s := dlq.NewScan(p, now, dlq.MaxHeld)
	kinds, visited := make(dlq.Counts), 0
	err := s.Visit(cmd.Context(), func(m dlq.Message) error {
		visited++
		if !filter.Match(m, now) {
			return nil
		}
		if asJSON {
			kinds.Add(m)
			return printJSON(out, newListedMessage(m))
		}
		if len(kinds) == 0 {
			printListHeader(out)
		}
		kinds.Add(m)
		return printListed(out, m, now)
	})
	switch {
	case err == nil && visited == 0 && s.Hidden == 0 && !asJSON:
		_, err = fmt.Fprintln(out, "The DLQ is empty: no event waits to be redriven.")
	case err == nil:
		err = printSummary(out, s, kinds, asJSON)
	}
	if errors.Is(err, syscall.EPIPE) {
		return nil // the reader, such as head, has closed the pipe
	}
	if err == nil && s.Truncated {
		err = truncatedError(s.Limit)
	}
	if s.Hidden > 0 {
		err = errors.Join(err, hiddenError(s.Hidden))
	}
	return err
}

// listEnd defines the last line of dlq list --json if the list is incomplete.
type listEnd struct {
	Hidden    int  `json:"hidden"`    // approximate number of messages that other clients received
	Truncated bool `json:"truncated"` // the DLQ holds more messages than can be listed
}

func printSummary(out io.Writer, s *dlq.Scan, kinds dlq.Counts, asJSON bool) error {
	if !asJSON {
		if len(kinds) > 0 {
			fmt.Fprintln(out)
		}
		return printCounts(out, kinds)
	}
	if s.Hidden == 0 && !s.Truncated {
		return nil
	}
	return printJSON(out, listEnd{s.Hidden, s.Truncated})
}

// printListed prints a line about a message, and a line with the reason. The columns have fixed
// widths, because the command does not keep all lines in memory.
func printListed(w io.Writer, m dlq.Message, now time.Time) error {
	reason := m.Code()
	if m.Failure.Reason != "" {
		reason += ": " + m.Failure.Reason
	}
	age, status := formatAge(now.Sub(m.FailureTime())), cmp.Or(string(m.Status), "-")
	if tty.Width(w) < tty.DefaultWidth {
		_, err := fmt.Fprintf(w, "%-8s %-36s %s\n         %s\n", age, m.ID(), status,
			events.Note(w, cmp.Or(m.EventType, "-")+", "+reason))
		return err
	}
	longID := max(len(m.ID())-36, 0) // the id of a batch's event is longer
	_, err := fmt.Fprintf(w, "%-8s %-36s %s %s\n         %s\n", age, m.ID(),
		events.Fit(cmp.Or(m.EventType, "-"), listedTypeWidth-longID), status,
		events.Note(w, reason))
	return err
}

// listedTypeWidth is the width of the column with the type, in characters.
const listedTypeWidth = 20

// printListHeader prints the names of the columns. On a narrow terminal, the type is below the id.
func printListHeader(w io.Writer) {
	if tty.Width(w) < tty.DefaultWidth {
		fmt.Fprintf(w, "%-8s %-36s %s\n", "AGE", "ID", "STATUS")
		return
	}
	fmt.Fprintf(w, "%-8s %-36s %-*s %s\n", "AGE", "ID", listedTypeWidth, "TYPE", "STATUS")
}

// formatAge formats a duration as a number of seconds, minutes, hours or days.
func formatAge(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// printCounts prints how many messages each combination of code, event type and status has. The
// largest number comes first.
func printCounts(w io.Writer, c dlq.Counts) error {
	if len(c) == 0 {
		_, err := fmt.Fprintln(w, "No message in the DLQ matches.")
		return err
	}
	table := tty.NewTable(w)
	fmt.Fprintf(table, "%s:\n", formatCount(c.Total(), "message"))
	for _, k := range c.Kinds() {
		table.Row(fmt.Sprint("  ", c[k]), terminal.Escape(k.Code),
			terminal.Escape(cmp.Or(k.EventType, "no event")), cmp.Or(string(k.Status), "-"))
	}
	return table.Flush()
}

// hiddenError returns the error for messages that the check could not read, because another client
// has received them.
func hiddenError(hidden int) error {
	return fmt.Errorf("the check is incomplete: another client has received %s; "+
		"run the command again in five minutes", formatCount(hidden, "message"))
}

// truncatedError returns the error for a scan that stopped early, because the DLQ holds more
// messages than limit.
func truncatedError(limit int) error {
	return fmt.Errorf("the DLQ holds more than %d messages, so not all were checked; "+
		"run the command again in five minutes", limit)
}
