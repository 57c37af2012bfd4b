// Command eventpipeline runs event pipelines locally. It also sends events to local and deployed
// pipelines, and operates these pipelines.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // the exit code that shells report after Ctrl-C
)

// usageError marks an error in the command line. The program then exits with exitUsage.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usageErrorf(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// gcPercent lets the heap grow by 300% between two garbage collections. Go's default is 100%. With
// the default, garbage collection takes a tenth of the program's CPU time.
const gcPercent = 300

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	commandName = invocation()
	ctx, stop := withSignals(context.Background())
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs a command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := rootCommand()
	started := false // while false, every error is a usage error, such as an unknown flag
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		started = true
		return checkExclusive(cmd)
	}
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, tty.ErrDeclined):
		fmt.Fprintln(errOut, "Nothing was changed.")
		return exitOK
	case errors.As(err, &usage) || !started:
		fmt.Fprintf(tty.Wrap(errOut), "Error: %v\nRun '%s --help' for usage.\n",
			err, cmd.CommandPath())
		return exitUsage
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitInterrupted
	}
	fmt.Fprintf(tty.Wrap(errOut), "Error: %v\n", err)
	return exitFailure
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "eventpipeline",
		Short: "Run event pipelines locally, send events to them, and operate them",
		Example: `  eventpipeline local
  eventpipeline send --count 10
  eventpipeline status 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline record 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetUsageTemplate(strings.NewReplacer(
		".FlagUsages", fmt.Sprint(".FlagUsagesWrapped ", helpWidth()),
		"for more information about a command.", "for the help of a command.",
	).Replace(root.UsageTemplate()))
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		out := cmd.OutOrStdout()
		var text bytes.Buffer
		cmd.SetOut(&text)
		help(cmd, args)
		cmd.SetOut(out)
		if width := helpWidth(); width < tty.DefaultWidth {
			fmt.Fprint(out, tty.Fit(text.String(), width))
			return
		}
		_, _ = out.Write(text.Bytes())
	})
	root.AddCommand(
		newLocalCommand(), newSendCommand(), newStatusCommand(), newRecordCommand(),
		newReplayCommand(), newReconcileCommand(), newDLQCommand(), newCostCommand(),
		newConsoleCommand(), newWebhooksCommand(), newVersionCommand(),
		newEventsCommand(), newLogsCommand(), newResendCommand(), newTokenCommand(),
	)
	info, _ := debug.ReadBuildInfo()
	root.Version = versionOf(info).String()
	addCompletions(root)
	return root
}

// helpWidth returns the width of help texts, in columns. It is the terminal's width, but at most
// tty.DefaultWidth.
func helpWidth() int { return min(tty.Width(os.Stdout), tty.DefaultWidth) }

func printJSON(w io.Writer, value any) error { return json.NewEncoder(w).Encode(value) }

// withSignals returns a context that the first signal, such as SIGTERM, cancels. A second signal
// ends the process immediately.
func withSignals(parent context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores SIGHUP
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(parent, signals...)
	context.AfterFunc(ctx, stop) // a second signal then has its default effect
	return ctx, stop
}
