package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newDLQShowCommand(stack *stackFlags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Print an event's payload, and why it failed",
		Long: `Prints the payload of an event byte for byte as it was accepted, from Bronze; on standard error, why it failed.
On a terminal, what a terminal would obey instead of showing it is escaped, and the last line ends.

ID is an event's, or that of a message in the DLQ which is no event's: then the message itself is printed.`,
		Example: `  eventpipeline dlq show 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline dlq show 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 2>/dev/null >payload.json
  eventpipeline dlq show --json 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 | jq -r .reason`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !pipeline.ValidID(args[0]) {
				return usageError{fmt.Errorf("%q is no id of an event or a message", args[0])}
			}
			r, err := openDLQ(cmd, stack)
			if err != nil {
				return err
			}
			l, err := findLetter(cmd.Context(), r, args[0])
			if err != nil {
				return err
			}
			return showLetter(cmd, r, l, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print payload and details as one line of JSON")
	return cmd
}

// errFound ends a scan that has found what it was looking for.
var errFound = errors.New("found")

// findLetter returns what is known of an event. Its item knows it all; only without one is the DLQ looked through.
func findLetter(ctx context.Context, r resources, id string) (letter, error) {
	item, err := r.events().Get(ctx, id)
	if err == nil {
		l := letter{event: item.Event, status: item.Status}
		l.EventID, l.EventType, l.Failure = item.ID, item.Type, item.Failure
		l.Attempts, l.FailedAt = item.Attempts, item.FailedAt
		return l, nil
	}
	if !errors.Is(err, pipeline.ErrNotFound) {
		return letter{}, err
	}
	var mu sync.Mutex
	var found letter
	s := newScan(r, time.Now(), maxHeld)
	err = s.each(ctx, func(_ context.Context, letters []letter) ([]letter, error) {
		for _, l := range letters {
			if l.EventID == id || l.MessageID == id {
				mu.Lock()
				defer mu.Unlock()
				found = l
				return nil, errFound
			}
		}
		return nil, nil
	})
	switch {
	case errors.Is(err, errFound):
		return found, nil
	case err != nil:
		return letter{}, err
	case s.truncated:
		return letter{}, fmt.Errorf("no event %s, and no message with that id among the %d of the DLQ that were looked at", id, s.limit)
	}
	return letter{}, fmt.Errorf("no event %s, and no message with that id in the DLQ", id)
}

func showLetter(cmd *cobra.Command, r resources, l letter, asJSON bool) error {
	payload, err := l.Body, error(nil)
	if l.EventID != "" {
		if payload, err = r.bronze().Get(cmd.Context(), l.event.Bronze.Key); err != nil {
			err = fmt.Errorf("get the payload, %s: %w", s3URL(l.event.Bronze), err)
		}
	}
	// What is known is shown even if the payload can't be got: that may be the reason for which the event failed.
	if asJSON {
		return errors.Join(json.NewEncoder(cmd.OutOrStdout()).Encode(shownLetterOf(l, payload)), err)
	}
	if printErr := printLetter(cmd.ErrOrStderr(), l); printErr != nil || err != nil {
		return errors.Join(printErr, err)
	}
	return printBytes(cmd.OutOrStdout(), payload)
}

// printBytes prints what is stored byte for byte; on a terminal so that it can be read there.
func printBytes(w io.Writer, stored []byte) error {
	if isTerminal(w) {
		stored = []byte(onTerminal(string(stored)))
	}
	_, err := w.Write(stored)
	return err
}

// onTerminal is text as a terminal gets it: printable, and with an end of its last line, so that the prompt is below.
func onTerminal(text string) string {
	text = printable(text)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// printable is text with the characters escaped that a terminal would obey instead of showing them.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// shownLetter is a letter as dlq show --json prints it.
type shownLetter struct {
	listedLetter
	ReceivedAt time.Time          `json:"receivedAt,omitzero"`
	Bronze     *pipeline.Location `json:"bronze,omitempty"`
	Payload    string             `json:"payload,omitempty"` // or the message, if it is no event's
}

func shownLetterOf(l letter, payload []byte) shownLetter {
	shown := shownLetter{listedLetter: l.listed(), ReceivedAt: l.event.ReceivedAt, Payload: string(payload)}
	if l.EventID != "" {
		shown.Bronze = &l.event.Bronze
	}
	if l.MessageID == "" {
		shown.Code = string(l.Failure.Code) // the event's, which may not have failed
	}
	return shown
}

func printLetter(w io.Writer, l letter) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, printable(value))
		}
	}
	row("event", l.EventID)
	row("message", l.MessageID)
	row("type", l.EventType)
	row("status", string(l.status))
	if l.Failure.Code != "" {
		row("reason", fmt.Sprintf("%s: %s", l.Failure.Code, l.Failure.Reason))
	}
	if l.Attempts > 0 {
		row("attempts", fmt.Sprint(l.Attempts))
	}
	if !l.FailedAt.IsZero() {
		row("failed", l.FailedAt.Format(time.RFC3339Nano))
	}
	if l.EventID != "" {
		row("received", l.event.ReceivedAt.Format(time.RFC3339Nano))
		row("bronze", s3URL(l.event.Bronze))
	}
	return table.Flush()
}
