package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// localFlags are the flags of local.
type localFlags struct {
	options     emulator.Options
	faults      string
	jwks        string
	logs        string
	credentials []string
	asJSON      bool
}

func newLocalCommand() *cobra.Command {
	var flags localFlags
	o := &flags.options
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run the platform on this machine",
		Long: `Runs the event pipelines of a CDK app on this machine, without an AWS account: run it in the app's folder.

It synthesizes the app, builds the Lambda functions for this machine, makes the resources of the synthesized template
with S3, DynamoDB, SQS, EventBridge and Lambda services of its own, and serves the HTTP API and AWS's APIs on loopback.
Then it shows each step of each event's life as it happens, until Ctrl-C. The first run compiles for some minutes.

With --watch it builds again when the app's sources change, and runs the new code of the functions that became others: what
is under way ends on the old code, and no event fails for it. Whatever else changed in the template takes a restart, and
is named. While a build fails, the old code goes on.

The API's authorization is the template's: signatures are checked against the credentials local:local and those of
--credentials, tokens against the keys that their issuer publishes or those of --jwks, and Lambda authorizers are asked.
The platform's own app opens its API in the stage local, since it is served on loopback only; --authorize gives it what the
deployed stages have. An app of yours does what its props say; the context value "stage" tells it where it is.

Everything is in memory unless --data names a folder. Standard output holds the steps; progress is on standard error.`,
		Example: `  eventpipeline local
  eventpipeline local --watch
  eventpipeline local --stage dev --api-port 9090
  eventpipeline local --authorize --credentials anna:secret
  eventpipeline local --no-worker --data .eventpipeline
  eventpipeline local --faults faults.json
  eventpipeline local --app "go run ./cmd/app" --json | jq 'select(.step == "failed")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd) },
	}
	cmd.Flags().IntVar(&o.APIPort, "api-port", 8080, "port of the HTTP API; further APIs of the app get the ports behind it, 0 is any free port")
	cmd.Flags().IntVar(&o.AWSPort, "aws-port", 4566, "port of AWS's APIs; 0 is any free port")
	cmd.Flags().StringVar(&o.Stage, "stage", "local", "stage of the app, given to it as the context value \"stage\"")
	cmd.Flags().BoolVar(&o.Authorize, "authorize", false, "have the deployed stages' authorization in the local stage, too (context value \""+contract.AuthorizeContext+"\")")
	cmd.Flags().StringVar(&flags.jwks, "jwks", "", "JSON Web Key Set to check tokens with, a file (default: what their issuer publishes)")
	cmd.Flags().StringArrayVar(&flags.credentials, "credentials", nil, "further AWS credentials, KEY:SECRET, to sign requests to the API with, beside local:local")
	cmd.Flags().BoolVar(&o.Watch, "watch", false, "build again when the app's sources change, and run the new code without a restart")
	cmd.Flags().BoolVar(&o.NoWorker, "no-worker", false, "switch the event source mappings off: events stay on the queue")
	cmd.Flags().BoolVar(&o.NoPolicies, "no-policies", false, "let functions do what their roles and the buckets' and queues' policies do not allow")
	cmd.Flags().StringVar(&o.Data, "data", "", "folder that keeps buckets, tables and queues across runs (default: in memory)")
	cmd.Flags().Var(newRequiredValue(&flags.logs), "logs", "folder that gets each function's whole log, in a file of its name")
	cmd.Flags().StringVar(&flags.faults, "faults", "", "JSON file of faults to inject into the functions' AWS calls, as docs/faults.md describes it")
	cmd.Flags().StringVar(&o.App, "app", "", "command that runs the CDK app (default: \"app\" in cdk.json)")
	cmd.Flags().BoolVar(&flags.asJSON, "json", false, "print one JSON object a line: one with \"ready\":true once serving, then the steps")
	return cmd
}

func (f *localFlags) run(cmd *cobra.Command) error {
	for flag, port := range map[string]int{"--api-port": f.options.APIPort, "--aws-port": f.options.AWSPort} {
		if port < 0 || port > 65535 {
			return usageError{fmt.Errorf("%s is %d; it must be a port from 0 to 65535", flag, port)}
		}
	}
	if f.faults != "" {
		var err error
		if f.options.Faults, err = faults.ReadConfig(f.faults); err != nil {
			return usageError{err}
		}
	}
	if f.jwks != "" {
		keys, err := oidc.ReadKeyFile(f.jwks)
		if err != nil {
			return usageError{err}
		}
		f.options.Keys = keys
	}
	f.options.Credentials = make(map[string]string)
	for _, pair := range f.credentials {
		key, secret, ok := strings.Cut(pair, ":")
		if !ok || key == "" || secret == "" || key == emulator.LocalKey {
			return usageError{errors.New("--credentials takes KEY:SECRET, for another KEY than " + emulator.LocalKey)}
		}
		f.options.Credentials[key] = secret
	}
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	// Whoever reads the output may end first; a write then fails and stops the platform in order.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	stopWithGoCommand(ctx, func() { stop(context.Canceled) })

	out, progress := cmd.OutOrStdout(), newProgress(cmd.ErrOrStderr())
	defer progress.end()
	shown := &steps{}
	o := f.options
	o.Progress, o.Phase = progress, progress.phase
	o.Steps = func(s activity.Step) {
		if err := shown.show(s); err != nil {
			stop(fmt.Errorf("print the steps: %w", err))
		}
	}
	o.NotSources = []string{f.logs}
	if f.logs != "" {
		logs, err := newLogFolder(f.logs)
		if err != nil {
			return err
		}
		o.Logs = logs.writeOr(stop)
	}
	platform, err := emulator.New(ctx, o)
	if err != nil {
		return f.explain(ctx, err)
	}
	pipelines, err := pipelinesOf(ctx, platform)
	if err != nil {
		return errors.Join(f.explain(ctx, err), platform.Close())
	}
	progress.ready()
	shown.print = f.printer(out, len(pipelines) > 1)
	if err := shown.announce(func() error { return f.announce(out, cmd.ErrOrStderr(), platform, pipelines) }); err != nil {
		return errors.Join(fmt.Errorf("print what is served: %w", err), platform.Close())
	}
	err = platform.Run(ctx)
	progress.phase(stopping)
	err = errors.Join(err, platform.Close())
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// pipelinesOf finds the pipelines of the platform.
func pipelinesOf(ctx context.Context, p *emulator.Platform) ([]found, error) {
	cfg, err := (&stackFlags{aws: p.AWS}).config(ctx)
	if err != nil {
		return nil, err
	}
	var stacks []string
	for _, s := range p.Stacks {
		if s.ParentID == "" { // discover finds nested ones by their parent
			stacks = append(stacks, s.Name)
		}
	}
	return discoverAll(ctx, cfg, stacks)
}

// printer prints steps in the form that the flags ask for. With several pipelines each step says what it happened in.
func (f *localFlags) printer(out io.Writer, several bool) func(activity.Step) error {
	if f.asJSON {
		return func(s activity.Step) error { return activity.PrintJSON(out, s) }
	}
	style := activity.Style{Colour: wantsColour(out), Source: several}
	return func(s activity.Step) error { return activity.Print(out, s, style) }
}

// stageWord is what an app says that does not know its stage; what the CDK calls Code/Stage is another thing.
var stageWord = regexp.MustCompile(`\bstages?\b`)

// explain adds what to do next to an error of the start. A stop that was asked for is no error.
func (f *localFlags) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	if errors.Is(err, cdkapp.ErrNoApp) {
		return fmt.Errorf("%w with --app", err)
	}
	var faulty *emulator.FaultsError
	if errors.As(err, &faulty) {
		return usageError{err}
	}
	var policies *emulator.PolicyError
	if errors.As(err, &policies) {
		return fmt.Errorf("%w\nTo run it all the same, without policies, give --no-policies", err)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && stageWord.MatchString(err.Error()) {
		return fmt.Errorf("%w\nThe app was given the context value stage=%s; to give it another, use --stage", err, f.options.Stage)
	}
	var port *emulator.PortError
	if !errors.As(err, &port) {
		return err
	}
	flag := "--api-port"
	if port.AWS {
		flag = "--aws-port"
	}
	return fmt.Errorf("%w; choose another with %s", err, flag)
}

// announce says what is served where.
func (f *localFlags) announce(out, errOut io.Writer, p *emulator.Platform, pipelines []found) error {
	if f.asJSON {
		printNotRun(errOut, p.NotRun)
		return announceJSON(out, p, pipelines)
	}
	if err := announceText(out, p, pipelines); err != nil {
		return err
	}
	printNotRun(out, p.NotRun)
	_, err := fmt.Fprintf(out, "\nWhat happens to events shows here. Ctrl-C stops the platform.\n\n")
	return err
}

// steps prints steps once the platform is announced; those that happen before wait.
type steps struct {
	print func(activity.Step) error

	mu        sync.Mutex
	announced bool
	waiting   []activity.Step
}

func (s *steps) show(step activity.Step) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.announced {
		s.waiting = append(s.waiting, step)
		return nil
	}
	return s.print(step)
}

// announce calls fn, and lets the steps through when it is done.
func (s *steps) announce(fn func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := fn()
	for _, step := range s.waiting {
		err = errors.Join(err, s.print(step))
	}
	s.announced, s.waiting = true, nil
	return err
}
