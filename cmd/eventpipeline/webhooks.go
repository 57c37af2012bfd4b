package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
)

func newWebhooksCommand() *cobra.Command {
	var stack stackFlags
	cmd := &cobra.Command{
		Use:   "webhooks",
		Short: "List and test webhook sources, and rotate their secrets",
		Long: `Lists the webhook sources of a pipeline, shows and rotates their secrets, and
tests that a source accepts only signed requests. docs/webhooks.md describes the
settings of GitHub, Stripe, Slack, Shopify and other senders.`,
	}
	stack.add(cmd)
	cmd.AddCommand(newWebhooksListCommand(&stack), newWebhooksSecretCommand(&stack),
		newWebhooksRotateCommand(&stack), newWebhooksTestCommand(&stack))
	return cmd
}

// listedWebhook defines a line that "webhooks list --json" prints.
type listedWebhook struct {
	Name       string    `json:"name"`
	Scheme     string    `json:"scheme"`
	TypePrefix string    `json:"typePrefix"`
	URL        string    `json:"url,omitempty"`
	Secret     string    `json:"secret"` // ARN
	Changed    time.Time `json:"secretChangedAt,omitzero"`
}

func newWebhooksListCommand(stack *stackFlags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the webhook sources with their URLs",
		Long: `Lists the webhook sources of a pipeline. Enter the URL of a source in the
settings of its sender.`,
		Example: `  eventpipeline webhooks list
  eventpipeline webhooks list --stack shop-prod --json | jq -r .url`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := stack.find(cmd.Context())
			if err != nil {
				return err
			}
			return listWebhooks(cmd.Context(), cmd.OutOrStdout(), p, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON per source")
	return cmd
}

func listWebhooks(
	ctx context.Context, out io.Writer, p deployment.Pipeline, asJSON bool,
) error {
	sources, err := p.WebhookSources(ctx)
	if err != nil {
		return err
	}
	table := tty.NewTable(out)
	if !asJSON && len(sources) > 0 {
		table.Row("NAME", "SCHEME", "TYPES", "SECRET CHANGED", "URL")
	}
	for _, s := range sources {
		at, err := s.Changed(ctx)
		changed := at.UTC().Format(time.DateTime)
		switch {
		case err != nil: // for example, the user may not read secrets
			changed = "unknown"
		case at.IsZero():
			changed = "missing"
		}
		listed := listedWebhook{
			Name: s.Name, Scheme: string(s.Scheme), TypePrefix: s.Prefix, URL: s.URL,
			Secret: s.SecretID, Changed: at,
		}
		if asJSON {
			if err := printJSON(out, listed); err != nil {
				return err
			}
			continue
		}
		types := strings.TrimPrefix(s.Prefix+".*", ".")
		table.Row(s.Name, listed.Scheme, types, changed, cmp.Or(s.URL, "unknown"))
	}
	if asJSON {
		return nil
	}
	if len(sources) == 0 {
		_, err := fmt.Fprintln(out, "The pipeline has no webhook sources.")
		return err
	}
	return table.Flush()
}

func newWebhooksSecretCommand(stack *stackFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "secret NAME",
		Short: "Print the secret of a webhook source",
		Long: `Prints the current secret of a webhook source. If the sender did not generate
the secret, enter it in the sender's settings.`,
		Example: `  eventpipeline webhooks secret github
  eventpipeline webhooks secret github --stack shop-prod`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, source, err := findWebhook(cmd.Context(), stack, args[0])
			if err != nil {
				return err
			}
			secret, err := source.Secret(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
			return err
		},
	}
}

func findWebhook(
	ctx context.Context, stack *stackFlags, name string,
) (deployment.Pipeline, deployment.WebhookSource, error) {
	p, err := stack.find(ctx)
	if err != nil {
		return p, deployment.WebhookSource{}, err
	}
	source, err := p.WebhookSource(ctx, name)
	return p, source, err
}
