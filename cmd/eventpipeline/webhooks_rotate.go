package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

type rotateFlags struct {
	stack *stackFlags
	file  string
	yes   bool
}

func newWebhooksRotateCommand(stack *stackFlags) *cobra.Command {
	f := rotateFlags{stack: stack}
	cmd := &cobra.Command{
		Use:   "rotate NAME",
		Short: "Store a new secret of a webhook source",
		Long: `Stores a new secret of a webhook source. The source accepts signatures with the
new secret at once. Until the next rotation, it also accepts the former secret.
So rotate first, and then enter the new secret in the sender's settings: no
request is lost.

For GitHub and generic HMAC sources the command generates a random secret. Other
senders generate their secrets: read the new one from a file or from standard
input with --from. A command line is no safe place for a secret, because other
users of the machine can read command lines.`,
		Example: `  eventpipeline webhooks rotate github --stack shop-prod
  eventpipeline webhooks rotate stripe --from new-secret.txt --yes
  pbpaste | eventpipeline webhooks rotate slack --from - --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	addRequiredValue(cmd.Flags(), &f.file, "from",
		"file with the new secret (- is standard input)")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "rotate without asking")
	return cmd
}

func (f *rotateFlags) run(cmd *cobra.Command, name string) error {
	if !f.yes {
		if f.file == "-" {
			return usageErrorf("standard input holds the secret: pass --yes to confirm")
		}
		if err := requireTerminal(cmd); err != nil {
			return err
		}
	}
	p, source, err := findWebhook(cmd.Context(), f.stack, name)
	if err != nil {
		return err
	}
	secret, err := f.secret(cmd.InOrStdin(), source)
	if err != nil {
		return err
	}
	announce(cmd, p)
	// Rotate must not store the current secret again. Otherwise, the source would no longer accept
	// the previous secret.
	if current, err := source.Secret(cmd.Context()); err == nil &&
		strings.TrimSpace(current) == secret {
		_, err := fmt.Fprintf(cmd.OutOrStdout(),
			"Webhook source %s has this secret already. Nothing was changed.\n", name)
		return err
	}
	if !f.yes {
		err := confirm(cmd, fmt.Sprintf("Store a new secret of webhook source %s?", name))
		if err != nil {
			return reportUnchanged(cmd, err)
		}
	}
	if err := source.Rotate(cmd.Context(), secret); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "Stored a new secret of webhook source %s. "+
		"The former secret is accepted, too, until the next rotation.\nPrint the new secret with: "+
		"%s\n", name, suggestCommand("webhooks secret "+name, f.stack.String()))
	return err
}

// secret returns the new secret. It removes white space around the secret, such as the line break
// at the end of a file.
func (f *rotateFlags) secret(stdin io.Reader, source deployment.WebhookSource) (string, error) {
	if f.file == "" {
		if source.SenderCreatesSecret() {
			return "", usageErrorf("the sender of webhook source %s generates the secret: "+
				"pass the secret with --from FILE (- is standard input)", source.Name)
		}
		return source.NewSecret(), nil
	}
	var text []byte
	var err error
	if f.file == "-" {
		text, err = io.ReadAll(stdin)
	} else {
		text, err = os.ReadFile(f.file)
	}
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	secret := strings.TrimSpace(string(text))
	if !utf8.ValidString(secret) {
		return "", usageErrorf("the secret must be text in UTF-8: encode binary secrets as the " +
			"sender does")
	}
	if !source.UsableSecret(secret) {
		return "", usageError{webhook.ErrUnusable}
	}
	return secret, nil
}
