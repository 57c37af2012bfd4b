package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// memoryLimit is the heap's limit, in bytes. Near the limit, Go collects garbage more often.
// Without the limit, a process with many events needs twice the memory.
const memoryLimit = 420 << 20

// localRun represents one run of `eventpipeline local`.
type localRun struct {
	*localFlags
	cmd      *cobra.Command
	fail     func(error) // stops the platform because of an error
	progress *progress
	page     *localConsole // nil if the console is off
	steps    stepPrinter
}

func (f *localFlags) run(cmd *cobra.Command) error {
	if err := f.parse(); err != nil {
		return usageError{err}
	}
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	// If the reader closes the output, SIGPIPE must not end the process. Instead, the write returns
	// an error, and then the platform stops properly.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	stopWithGoCommand(ctx, func() { stop(context.Canceled) })
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	r := &localRun{
		localFlags: f, cmd: cmd, fail: stop, progress: newProgress(cmd.ErrOrStderr()),
	}
	defer r.progress.stop()
	var err error
	if r.page, err = f.newLocalConsole(); err != nil {
		return err
	}
	defer func() { _ = r.page.close() }()
	o, err := r.emulatorOptions()
	if err != nil {
		return err
	}
	f.warnOfNetwork(cmd.ErrOrStderr())
	platform, err := emulator.New(ctx, o)
	if err != nil {
		return f.explain(ctx, err)
	}
	if err := r.start(ctx, platform); err != nil {
		return errors.Join(f.explain(ctx, err), platform.Close())
	}
	return r.serve(ctx, platform)
}

// emulatorOptions returns the options that the flags set. It adds callbacks for the progress, the
// steps and the log lines.
func (r *localRun) emulatorOptions() (emulator.Options, error) {
	o := r.options
	o.Progress, o.Phase, o.Debug = r.progress, r.progress.beginPhase, r.page != nil
	o.Steps = func(s activity.Step) {
		if r.page != nil {
			r.page.Record(s)
		}
		if s.Level >= slog.LevelInfo {
			r.steps.add(s)
		}
	}
	o.NotSources = []string{r.logs}
	if r.logs == "" {
		return o, nil
	}
	logs, err := newLogFolder(r.logs)
	o.Logs = func(function string, line []byte) {
		if err := logs.write(function, line); err != nil {
			r.fail(err)
		}
	}
	return o, err
}

// start starts the console, and announces the platform.
func (r *localRun) start(ctx context.Context, platform *emulator.Platform) error {
	pipelines, err := findLocalPipelines(ctx, platform)
	if err != nil {
		return err
	}
	webhooks, err := r.prepareWebhooks(ctx, pipelines)
	if err != nil {
		return err
	}
	if r.page != nil {
		if err := r.page.start(ctx, platform, pipelines, r.fail); err != nil {
			fmt.Fprintf(r.cmd.ErrOrStderr(), "Warning: %v\n", err)
		}
		r.consoleURL = r.page.url
	}
	r.progress.reportReady()
	out, errOut := r.cmd.OutOrStdout(), r.cmd.ErrOrStderr()
	announce := func() error { return r.announce(out, errOut, platform, pipelines, webhooks) }
	if err := r.steps.start(r.printFunc(out, pipelines), announce); err != nil {
		return fmt.Errorf("print the announcement: %w", err)
	}
	if r.page != nil && r.console.openURL {
		if err := openBrowser(ctx, r.page.url); err != nil {
			fmt.Fprintf(errOut, "%v\n", err)
		}
	}
	return nil
}

// serve runs the platform until ctx ends, and prints the steps. It returns the error that stopped
// the platform, if any.
func (r *localRun) serve(ctx context.Context, platform *emulator.Platform) error {
	go func() {
		if err := r.steps.run(ctx); err != nil {
			r.fail(fmt.Errorf("print the steps: %w", err))
		}
	}()
	err := platform.Run(ctx)
	r.progress.beginPhase(stopping)
	_ = r.page.close() // while its jobs can still call the platform
	err = errors.Join(err, platform.Close())
	if printErr := r.steps.flush(time.Now()); context.Cause(ctx) == nil {
		err = errors.Join(err, printErr)
	}
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

func findLocalPipelines(
	ctx context.Context, p *emulator.Platform,
) ([]deployment.Pipeline, error) {
	cfg, err := deployment.LocalConfig(p.AWS)
	if err != nil {
		return nil, err
	}
	var stacks []string
	for _, s := range p.Stacks {
		if s.ParentID == "" { // FindAll finds nested stacks through their parents
			stacks = append(stacks, s.Name)
		}
	}
	return deployment.FindAll(ctx, cfg, stacks)
}

// printFunc returns the function that prints steps: by default, one line per event. With several
// pipelines, an event's line names the pipeline, and a step's line names the Lambda function.
func (f *localFlags) printFunc(
	out io.Writer, pipelines []deployment.Pipeline,
) func(activity.Step) error {
	several := len(pipelines) > 1
	if f.asJSON {
		return func(s activity.Step) error { return activity.PrintJSON(out, s) }
	}
	style := activity.Style{Colour: tty.ShowsColours(out), Source: several}
	out = tty.Wrap(out)
	if f.verbose {
		return func(s activity.Step) error { return activity.Print(out, s, style) }
	}
	printer := newEventPrinter(out, style, f.options.NoWorker)
	if several {
		printer.pipelines = make(map[string]string)
		for _, p := range pipelines {
			printer.pipelines[p.APIFunction] = p.Name
			printer.pipelines[p.WorkerFunction] = p.Name
			printer.pipelines[path.Base(p.DLQURL)] = p.Name
		}
	}
	return printer.print
}
