package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stored"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func newResendCommand() *cobra.Command {
	var stack stackFlags
	var edit, asJSON bool
	cmd := &cobra.Command{
		Use:   "resend EVENT_ID",
		Short: "Post the payload of an event again, as a new event",
		Long: `Reads the payload of an event or a batch in Bronze, and posts it to the API of
the pipeline. The result is a new event. The old event does not change; to
process a failed event itself again, use "dlq redrive".

With --edit, the command first opens the payload in the editor of the variable
VISUAL or EDITOR. If you save no change, it posts nothing. If the edited list
has events of several types, each type becomes a batch with an id of its own.

The command signs the request with your AWS credentials, or sends the token in
EVENTPIPELINE_TOKEN. It does not post the events of webhooks: use "send --as".`,
		Example: `  eventpipeline resend 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline resend --edit 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline resend --stack shop-dev --json EVENT_ID | jq -r .eventId`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkID("EVENT_ID", args[0]); err != nil {
				return usageError{err}
			}
			return resend(cmd, &stack, args[0], edit, asJSON)
		},
	}
	stack.add(cmd)
	cmd.Flags().BoolVar(&edit, "edit", false, "edit the payload first")
	cmd.Flags().BoolVar(&asJSON, "json", false,
		"print an object with eventId and resentFrom for each new id")
	return cmd
}

func resend(cmd *cobra.Command, stack *stackFlags, id string, edit, asJSON bool) error {
	ctx := cmd.Context()
	if edit && !tty.IsTerminal(cmd.InOrStdin()) {
		return usageErrorf("--edit needs a terminal for the editor, but stdin is not a terminal")
	}
	p, payload, err := findPayload(ctx, stack, id)
	if err != nil {
		return err
	}
	if edit {
		edited, err := editPayload(ctx, payload)
		if err != nil {
			return err
		}
		if edited == nil {
			fmt.Fprintln(cmd.ErrOrStderr(), "The payload is unchanged. Nothing was sent.")
			return nil
		}
		payload = edited
	}
	announce(cmd, p)
	newIDs, err := sendFromConsole(ctx, p, payload)
	if err != nil {
		return fmt.Errorf("post the payload: %w", err)
	}
	for _, newID := range newIDs {
		if asJSON {
			err = printJSON(cmd.OutOrStdout(), struct {
				EventID    string `json:"eventId"`
				ResentFrom string `json:"resentFrom"`
			}{newID, id})
		} else {
			_, err = fmt.Fprintln(cmd.OutOrStdout(), newID)
			fmt.Fprintf(cmd.ErrOrStderr(), "See its status with: %s\n",
				suggestCommand("status", stack.String(), newID))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// findPayload returns the payload of an event. It returns an error if the event came from a
// webhook.
func findPayload(
	ctx context.Context, stack *stackFlags, id string,
) (p deployment.Pipeline, payload []byte, err error) {
	if p, err = stack.findForEvent(ctx, id); err != nil {
		return p, nil, err
	}
	item, err := pipeline.LookUp(ctx, p.Items(), id)
	switch {
	case errors.Is(err, pipeline.ErrNotFound):
		return p, nil, noEvent(id, p)
	case err != nil:
		return p, nil, err
	case item.Webhook != nil:
		return p, nil, fmt.Errorf("event %s came from a webhook, and resend can't sign its "+
			"payload.\nSave the payload with: %s >FILE\nThen sign and send it with: %s", id,
			suggestCommand("record --bronze", stack.String(), id),
			suggestCommand("send", stack.String(), "--as "+item.Webhook.Source+":TYPE FILE"))
	}
	payload, err = stored.Payload(ctx, p, item.Event)
	return p, payload, explainMissing(err, "payload", id, item.Bronze)
}

// editPayload opens the payload in the user's editor. It returns nil if the user saved no change.
func editPayload(ctx context.Context, payload []byte) ([]byte, error) {
	before := payload
	var indented bytes.Buffer
	if json.Indent(&indented, payload, "", "  ") == nil {
		before = append(indented.Bytes(), '\n')
	}
	file, err := os.CreateTemp("", "event-*.json")
	if err != nil {
		return nil, fmt.Errorf("create a file for the editor: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(before)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("write the file for the editor: %w", err)
	}
	// A shell runs the editor, as in git: VISUAL and EDITOR can contain options.
	editor := exec.CommandContext(ctx,
		"sh", "-c", `${VISUAL:-${EDITOR:-vi}} "$1"`, "sh", file.Name())
	editor.Stdin, editor.Stdout, editor.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := editor.Run(); err != nil {
		return nil, fmt.Errorf("run the editor: %w", err)
	}
	after, err := os.ReadFile(file.Name())
	if err != nil {
		return nil, fmt.Errorf("read the edited payload: %w", err)
	}
	if bytes.Equal(before, after) {
		return nil, nil
	}
	return after, nil
}
