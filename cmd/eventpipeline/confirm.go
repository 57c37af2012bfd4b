package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// errDeclined ends a command whose question was not answered with yes.
var errDeclined = errors.New("nothing was changed")

// mayConfirm reports that nobody can be asked, so that only --yes goes on. It comes before any work.
func mayConfirm(cmd *cobra.Command, yes bool) error {
	if file, ok := cmd.InOrStdin().(*os.File); yes || ok && isTerminal(file) {
		return nil
	}
	return usageError{errors.New("nobody is there to confirm it: run it with --dry-run to see what it would do, then with --yes")}
}

// confirm asks on the terminal whether to go on.
func confirm(cmd *cobra.Command, yes bool, question string) error {
	if yes {
		return nil
	}
	return ask(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr(), question)
}

// unchanged tells of a command that was stopped before it changed anything.
func unchanged(cmd *cobra.Command, err error) error {
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(cmd.ErrOrStderr(), "Stopped. Nothing was changed.")
	}
	return err
}

func ask(ctx context.Context, in io.Reader, out io.Writer, question string) error {
	fmt.Fprintf(out, "%s [y/N] ", question)
	answered := make(chan error, 1)
	go func() { answered <- readConsent(in) }() // without an answer it ends with the program
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		fmt.Fprintln(out)
		return ctx.Err()
	}
}

func readConsent(in io.Reader) error {
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return errDeclined
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errDeclined
}
