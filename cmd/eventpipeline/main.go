// Command eventpipeline runs event pipelines on this machine, sends events to them and to deployed ones, and operates them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // what shells give a program that Ctrl-C ended
)

func main() {
	ctx, stop := untilStopped(context.Background())
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs a command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root, started := rootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage) || !*started:
		fmt.Fprintf(errOut, "Error: %v\nRun '%s --help' for usage.\n", err, cmd.CommandPath())
		return exitUsage
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitInterrupted
	}
	fmt.Fprintf(errOut, "Error: %v\n", err)
	return exitFailure
}

// rootCommand is the command line. started tells whether a command was begun: an error before that is one of its use.
func rootCommand() (root *cobra.Command, started *bool) {
	root = &cobra.Command{
		Use:   "eventpipeline",
		Short: "Run event pipelines locally, send events to them, and operate them",
		Example: `  eventpipeline local
  eventpipeline send --count 10
  eventpipeline status 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001
  eventpipeline record 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newLocalCommand(), newSendCommand(), newStatusCommand(), newRecordCommand(), newReplayCommand(), newReconcileCommand(), newDLQCommand())
	started = new(bool)
	noteStart(root, started)
	return root, started
}

// noteStart sets started when a command below cmd is begun, and has its flags checked before.
func noteStart(cmd *cobra.Command, started *bool) {
	for _, sub := range cmd.Commands() {
		noteStart(sub, started)
	}
	if runCommand := cmd.RunE; runCommand != nil {
		cmd.PreRunE = func(cmd *cobra.Command, _ []string) error { return checkApart(cmd) }
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*started = true
			return runCommand(cmd, args)
		}
	}
}

// untilStopped is done with the first signal to stop. The next one ends the process at once.
func untilStopped(parent context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // it is when run with nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(parent, signals...)
	context.AfterFunc(ctx, stop) // from here on signals have their usual effect
	return ctx, stop
}
