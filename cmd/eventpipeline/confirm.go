package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
)

// requireTerminal returns a usage error if stdin is not a terminal. Without a terminal, the command
// can't ask for confirmation.
func requireTerminal(cmd *cobra.Command) error {
	if tty.IsTerminal(cmd.InOrStdin()) {
		return nil
	}
	if cmd.Flags().Lookup("dry-run") == nil {
		return usageErrorf("stdin is not a terminal: pass --yes to confirm")
	}
	return usageErrorf("stdin is not a terminal: " +
		"run with --dry-run to see the changes, then with --yes to confirm")
}

func confirm(cmd *cobra.Command, question string) error {
	return tty.Confirm(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr(), question)
}

// reportUnchanged returns err. If err is a cancellation, it first prints that nothing was changed.
func reportUnchanged(cmd *cobra.Command, err error) error {
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(cmd.ErrOrStderr(), "Stopped. Nothing was changed.")
	}
	return err
}
