package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// localWebhook represents a webhook source of the local platform.
type localWebhook struct {
	Pipeline string `json:"pipeline"`
	Name     string `json:"name"`
	URL      string `json:"url"`
	secret   string
}

// prepareWebhooks stores the secrets that --secret sets. For each other source, it generates a
// secret, unless the local platform already has a usable one.
func (f *localFlags) prepareWebhooks(
	ctx context.Context, pipelines []deployment.Pipeline,
) ([]localWebhook, error) {
	secrets, err := mergeValues(nil, "--secret", f.secrets)
	if err != nil {
		return nil, usageError{err}
	}
	var all []localWebhook
	used := map[string]bool{}
	for _, p := range pipelines {
		sources, err := p.WebhookSources(ctx)
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			secret, isSet := secrets[source.Name]
			used[source.Name] = true
			if isSet && !source.UsableSecret(secret) {
				return nil, usageErrorf("--secret %s: %w", source.Name, webhook.ErrUnusable)
			}
			if secret, err = localSecret(ctx, source, secret); err != nil {
				return nil, err
			}
			all = append(all, localWebhook{p.Name, source.Name, source.URL, secret})
		}
	}
	for name := range secrets {
		if !used[name] {
			return nil, usageErrorf("--secret must name a webhook source of the app, got %s", name)
		}
	}
	return all, nil
}

// localSecret stores the secret and returns it. If the secret is "", it returns the existing
// secret. If there is no usable secret, it generates and stores one.
func localSecret(
	ctx context.Context, source deployment.WebhookSource, secret string,
) (string, error) {
	if secret == "" {
		existing, err := source.Secret(ctx)
		if err == nil && source.UsableSecret(existing) {
			return existing, nil
		}
		secret = source.NewSecret()
	}
	return secret, source.SetSecret(ctx, secret)
}

// announceWebhooks prints the URL of each webhook source, and the first characters of its secret.
func announceWebhooks(w io.Writer, webhooks []localWebhook, awsURL string) {
	if len(webhooks) == 0 {
		return
	}
	fmt.Fprintln(w, "Webhooks")
	table := tty.NewTable(w)
	for _, webhook := range webhooks {
		table.Row("  "+webhook.Name, webhook.URL, "secret "+maskSecret(webhook.secret))
	}
	table.Flush()
	flags, name := stackFlags{aws: awsURL}, webhooks[0].Name
	fmt.Fprintf(w, "  send a signed webhook, or print a secret:\n    %s\n    %s\n",
		suggestCommand("send --as "+name+":test", flags.String()),
		suggestCommand("webhooks secret "+name, flags.String()))
}

// maskSecret returns the first characters of a secret. It hides a short secret completely.
func maskSecret(secret string) string {
	const shown = 3
	if len(secret) < 4*shown {
		return strings.Repeat("*", len(secret))
	}
	return secret[:shown] + strings.Repeat("*", 2*shown)
}
