package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stored"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newDLQShowCommand(stack *stackFlags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Print an event's payload and the reason of its failure",
		Long: `Prints the accepted payload of an event from Bronze, byte for byte. On standard
error it prints why the event failed. If the output is a terminal, the command
escapes control characters and adds a line end after the last line.

ID is the id of an event. If a message in the DLQ names no event, use the id of
the message.`,
		Example: `  eventpipeline dlq show 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline dlq show EVENT_ID 2>/dev/null >payload.json
  eventpipeline dlq show --json EVENT_ID | jq -r .reason`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkID("ID", args[0]); err != nil {
				return usageError{err}
			}
			p, err := stack.find(cmd.Context())
			if err != nil {
				return err
			}
			m, err := dlq.Find(cmd.Context(), p, args[0])
			if err != nil {
				return err
			}
			return showMessage(cmd, p, m, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print payload and details as one line of JSON")
	return cmd
}

// showMessage prints the details and the payload. If it can't read the payload, it prints only the
// details and returns an error.
func showMessage(cmd *cobra.Command, p deployment.Pipeline, m dlq.Message, asJSON bool) error {
	payload, err := m.Body, error(nil)
	if m.EventID != "" {
		payload, err = stored.Payload(cmd.Context(), p, m.Event)
		if err != nil {
			err = fmt.Errorf("get the payload %s: %w", s3URL(m.Event.Bronze), err)
		}
	}
	if asJSON {
		return errors.Join(printJSON(cmd.OutOrStdout(), newShownMessage(m, payload)), err)
	}
	if printErr := printMessage(cmd.ErrOrStderr(), m); printErr != nil || err != nil {
		return errors.Join(printErr, err)
	}
	return tty.Write(cmd.OutOrStdout(), payload)
}

// shownMessage defines the line of dlq show --json.
type shownMessage struct {
	listedMessage
	ReceivedAt time.Time          `json:"receivedAt,omitzero"`
	Bronze     *pipeline.Location `json:"bronze,omitempty"`
	Payload    string             `json:"payload,omitempty"` // without an event: the message's body
}

func newShownMessage(m dlq.Message, payload []byte) shownMessage {
	s := shownMessage{
		listedMessage: newListedMessage(m), ReceivedAt: m.Event.ReceivedAt,
		Payload: string(payload),
	}
	if m.EventID != "" {
		s.Bronze = &m.Event.Bronze
	}
	if m.MessageID == "" { // m was read from an item; the event may not have failed
		s.Code = string(m.Failure.Code)
	}
	return s
}

func printMessage(w io.Writer, m dlq.Message) error {
	table := tty.NewTable(w)
	table.Field("event", m.EventID)
	table.Field("message", m.MessageID)
	table.Field("type", m.EventType)
	table.Field("status", string(m.Status))
	if m.Failure.Code != "" {
		table.Field("reason", fmt.Sprintf("%s: %s", m.Failure.Code, m.Failure.Reason))
	}
	if m.Attempts > 0 {
		table.Field("attempts", fmt.Sprint(m.Attempts))
	}
	table.Field("failed", formatTime(m.FailedAt))
	if m.EventID != "" {
		table.Field("received", formatTime(m.Event.ReceivedAt))
		table.Field("bronze", s3URL(m.Event.Bronze))
	}
	return table.Flush()
}
