package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
)

// sendWebhook sends one request to a webhook source. The request has the format of the source's
// sender, such as GitHub.
func (f *sendFlags) sendWebhook(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageErrorf("--as sends one request: name at most one FILE, got %d", len(args))
	}
	ctx, id := cmd.Context(), newDeliveryID()
	name, eventType, _ := strings.Cut(f.as, ":")
	p, source, err := findWebhook(ctx, &f.api.stack, name)
	if err != nil {
		return err
	}
	body, err := webhookBody(cmd.InOrStdin(), args, source, eventType, id)
	if err != nil {
		return err
	}
	delivery, err := newWebhookDelivery(ctx, source, eventType, id, body)
	if err != nil {
		return err
	}
	if err := delivery.checkType(eventType); err != nil {
		return err
	}
	announce(cmd, p)
	response, err := delivery.send(ctx)
	if err != nil {
		return err
	}
	if f.asJSON {
		err = printJSON(cmd.OutOrStdout(), response)
	} else {
		err = response.print(cmd.OutOrStdout(), f.api.stack.String())
	}
	if err == nil && !response.accepted() {
		err = response.Problem
	}
	return err
}

func webhookBody(
	stdin io.Reader, args []string, source deployment.WebhookSource, eventType, id string,
) ([]byte, error) {
	switch {
	case len(args) == 0:
		if eventType == "" {
			return nil, usageErrorf("nothing to send: name a FILE, or set --as %s:TYPE",
				source.Name)
		}
		return source.Example(eventType, id), nil
	case args[0] == "-":
		return io.ReadAll(stdin)
	}
	return os.ReadFile(args[0])
}

// checkType returns a usage error if the request has no type, or a type other than eventType. If
// eventType is "", it accepts any type.
func (d webhookDelivery) checkType(eventType string) error {
	payload, err := d.payload()
	if err != nil {
		return err
	}
	got := d.source.EventType(d.headers, payload)
	name := strings.TrimPrefix(got, d.source.Prefix+".")
	switch {
	case got == "" && eventType != "":
		_, pointer := d.source.TypeField()
		return usageErrorf("the body must contain the type at the JSON pointer %s, because the "+
			"sender of %s sends no header with the type", pointer, d.source.Name)
	case got == "":
		return usageErrorf("the request has no type: set --as %s:TYPE, or add the type to the "+
			"body", d.source.Name)
	case eventType != "" && d.source.TypeOf(eventType) != got:
		return usageErrorf("the body has the type %s, but --as names %s: change the body or --as",
			name, eventType)
	}
	return nil
}

func (a webhookResponse) print(w io.Writer, stackFlags string) error {
	text := fmt.Sprintf("HTTP %d", a.Status)
	if a.Duplicate {
		text += ", a duplicate"
	}
	text += "\n"
	if a.EventID != "" {
		text += fmt.Sprintf("See the event's record with: %s\n",
			suggestCommand("record", stackFlags, a.EventID))
	}
	_, err := io.WriteString(w, text)
	return err
}
