package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newDLQListCommand(stack *stackFlags) *cobra.Command {
	var filter dlqFilter
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the messages in the DLQ",
		Long: `Lists the messages in the DLQ, in no order, then how many there are of each kind.

SQS shows a message only by hiding it from others: those that were listed are given back at the end. Of more than 10,000
the others come back by themselves within five minutes; at most 100,000 are listed.

Exits with 1 if there are messages that others have hidden, or more than it can list; --json says so in a last line.`,
		Example: `  eventpipeline dlq list
  eventpipeline dlq list --code unavailable,none --type demo --newer-than 24h
  eventpipeline dlq list --stack event-driven-cloud-platform-dev --json | jq -r .eventId`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := filter.check(cmd, nil); err != nil {
				return err
			}
			r, err := openDLQ(cmd, stack)
			if err != nil {
				return err
			}
			return listDLQ(cmd, r, &filter, asJSON)
		},
	}
	filter.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line for each message")
	return cmd
}

func listDLQ(cmd *cobra.Command, r resources, filter *dlqFilter, asJSON bool) error {
	out, now := cmd.OutOrStdout(), time.Now()
	// A closed pipe must be an error of a write, and not end the program: the letters are still to be given back.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	s := newScan(r, now, maxHeld)
	var counted tally
	var heading sync.Once
	var mu sync.Mutex // of the output
	err := s.each(cmd.Context(), func(_ context.Context, letters []letter) ([]letter, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, l := range letters {
			if !filter.match(l, now) {
				continue
			}
			counted.add(l)
			if asJSON {
				if err := json.NewEncoder(out).Encode(l.listed()); err != nil {
					return nil, err
				}
				continue
			}
			heading.Do(func() { printRow(out, "AGE", "CODE", "TYPE", "ID", "STATUS") })
			if err := printRow(out, brief(now.Sub(l.since())), l.code(), cmp.Or(l.EventType, "-"), l.id(), cmp.Or(string(l.status), "-")); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	if err == nil {
		err = printEnd(out, s, counted, asJSON)
	}
	if errors.Is(err, syscall.EPIPE) {
		return nil // its reader has seen enough, as head does
	}
	if err == nil && s.truncated {
		err = truncatedError(s.limit)
	}
	if s.hidden > 0 {
		err = errors.Join(err, hiddenError(s.hidden))
	}
	return err
}

// listEnd is the last line of dlq list --json if not all messages are listed.
type listEnd struct {
	Hidden    int  `json:"hidden"`    // messages that others have: about so many
	Truncated bool `json:"truncated"` // there are more than can be looked at
}

// printEnd prints what comes behind the messages.
func printEnd(out io.Writer, s *scan, counted tally, asJSON bool) error {
	if !asJSON {
		if counted.total > 0 {
			fmt.Fprintln(out) // between the messages and their numbers
		}
		return counted.print(out)
	}
	if s.hidden == 0 && !s.truncated {
		return nil
	}
	return json.NewEncoder(out).Encode(listEnd{s.hidden, s.truncated})
}

// printRow prints a line at once, in columns of a fixed width: the whole list may not fit into memory. Anybody may have
// sent the message that code and type come from.
func printRow(w io.Writer, age, code, eventType, id, status string) error {
	_, err := fmt.Fprintf(w, "%-4s  %-24s  %-20s  %-36s  %s\n", age, printable(code), printable(eventType), id, status)
	return err
}

// brief is a duration in its largest unit.
func brief(d time.Duration) string {
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

// kind is what letters are counted by.
type kind struct {
	code, eventType string
	status          pipeline.Status
}

// tally counts letters by their kind.
type tally struct {
	kinds map[kind]int
	total int
}

func (t *tally) add(l letter) {
	if t.kinds == nil {
		t.kinds = make(map[kind]int)
	}
	t.kinds[kind{l.code(), l.EventType, l.status}]++
	t.total++
}

// print prints the kinds, the most frequent first.
func (t *tally) print(w io.Writer) error {
	if t.total == 0 {
		_, err := fmt.Fprintln(w, "No message in the DLQ matches.")
		return err
	}
	kinds := slices.SortedFunc(maps.Keys(t.kinds), func(a, b kind) int {
		return cmp.Or(t.kinds[b]-t.kinds[a], cmp.Compare(a.code, b.code), cmp.Compare(a.eventType, b.eventType), cmp.Compare(a.status, b.status))
	})
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s:\n", messages(t.total))
	for _, k := range kinds {
		fmt.Fprintf(table, "  %d\t%s\t%s\t%s\n", t.kinds[k], printable(k.code), printable(cmp.Or(k.eventType, "no event")), cmp.Or(string(k.status), "-"))
	}
	return table.Flush()
}

func messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}
