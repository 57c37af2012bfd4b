package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

type localFlags struct {
	options     emulator.Options
	faults      string
	jwks        string
	logs        string
	credentials []string
	parameters  []string
	ssm         []string
	secrets     []string
	asJSON      bool
	verbose     bool
	console     consoleFlags
	consoleURL  string
}

func newLocalCommand() *cobra.Command {
	var f localFlags
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run the platform on this machine",
		Long: `Runs the event pipelines of a CDK app on this machine, without an AWS account.
Run it in the app's folder.

The command synthesizes the app and builds its Lambda functions for this
machine. It creates the template's resources in emulators of S3, DynamoDB, SQS,
EventBridge, API Gateway, Lambda and Secrets Manager. It serves the HTTP API and
the AWS APIs on the loopback address. Then it prints a line for each event when
the event is finished or an attempt fails, and for each webhook that the API
rejects, until Ctrl-C. With --verbose it prints each step, in the order of their
times. The first run takes some minutes, because it compiles everything.

With --watch the command builds again when the app's sources change, and then
replaces the functions whose code changed. Running invocations finish on the old
code, and no event fails. If a build fails, the old code keeps running. If
anything else in the template changes, the command prints that a restart is
needed.

The API applies the authorization that the template defines. Requests can be
signed with the credentials local:local or those of --credentials. Tokens are
verified with the keys that the issuer publishes, or with the keys of --jwks.
Lambda authorizers run. In the stage "local", the platform's own app defines an
API without authorization, which only this machine can reach. With --authorize,
the app defines the authorization of the deployed stages. In other apps, the
props of the construct define the authorization; the context value "stage" is
the name of the stage.

Webhook sources are at /webhooks/<name>. With --secret the command stores the
secret of a source. See also: eventpipeline send --as, eventpipeline webhooks.

The APIs listen on loopback. With --listen, other machines can reach them and
can read and change all data, because the AWS APIs accept every caller. Requests
with a host name other than localhost, such as those through a tunnel, need
--allow-host.

Stacks that set no account and no region get those of --account and --region. An
app that looks up values in AWS gets the values for this account and region from
cdk.context.json. It gets placeholders for other values, and the command prints
them. The file eventpipeline.local.json in the app's folder can set "account",
"region", "parameters" (--parameter) and "ssm" (--ssm). Flags take precedence.

Data is lost at the end unless --data names a folder. The events are printed on
standard output, the progress on standard error.`,
		Example: `  eventpipeline local
  eventpipeline local --watch
  eventpipeline local --verbose
  eventpipeline local --stage dev --api-port 9090
  eventpipeline local --authorize --credentials anna:secret
  eventpipeline local --account 111122223333 --region eu-west-1
  eventpipeline local --parameter shop:Size=3 --ssm /shop/bus=orders
  eventpipeline local --authorize --allow-host box.tunnel.example
  eventpipeline local --no-worker --data .eventpipeline
  eventpipeline local --faults faults.json
  eventpipeline local --open
  eventpipeline local --json | jq 'select(.step == "failed")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.add(cmd)
	return cmd
}

func (f *localFlags) add(cmd *cobra.Command) {
	o, flags := &f.options, cmd.Flags()
	f.addListen(flags)
	f.console.add(flags)
	flags.StringVar(&o.Stage, "stage", "local",
		"stage of the app, set as the context value \"stage\"")
	flags.BoolVar(&o.Authorize, "authorize", false, "apply the deployed stages' authorization "+
		"to the local stage (context value \""+contract.AuthorizeContext+"\")")
	flags.StringVar(&f.jwks, "jwks", "",
		"file with the JSON Web Key Set that verifies tokens (default: the set of the issuer)")
	flags.StringArrayVar(&f.credentials, "credentials", nil,
		"AWS credentials KEY:SECRET that can sign requests to the API and presigned URLs, "+
			"in addition to local:local")
	flags.BoolVar(&o.Watch, "watch", false,
		"build again when the app's sources change, and run the new code without a restart")
	flags.BoolVar(&o.NoWorker, "no-worker", false,
		"disable the event source mappings: events stay on the queue")
	flags.BoolVar(&o.NoPolicies, "no-policies", false,
		"do not enforce the policies of roles, buckets and queues")
	flags.StringVar(&o.Data, "data", "",
		"folder that keeps buckets, tables and queues across runs "+
			"(default: all is lost at the end)")
	addRequiredValue(flags, &f.logs, "logs",
		"folder for the complete logs of the functions, one file per function")
	flags.StringVar(&f.faults, "faults", "",
		"JSON file of faults to inject into the functions' AWS calls; see docs/faults.md")
	addRequiredValue(flags, &o.Account, "account",
		"account of the app and its look-ups (default: $CDK_DEFAULT_ACCOUNT or "+
			emulator.DefaultAccount+")")
	addRequiredValue(flags, &o.Region, "region",
		"region of the app and its look-ups (default: $CDK_DEFAULT_REGION, $AWS_REGION, "+
			"$AWS_DEFAULT_REGION or "+emulator.DefaultRegion+")")
	flags.StringArrayVar(&f.parameters, "parameter", nil,
		"value for a parameter of the stacks, as NAME=VALUE or STACK:NAME=VALUE")
	flags.StringArrayVar(&f.ssm, "ssm", nil,
		"value of an SSM parameter that the app looks up or a template uses, as NAME=VALUE")
	flags.StringArrayVar(&f.secrets, "secret", nil,
		"secret of a webhook source, as SOURCE=SECRET (default: the template's)")
	flags.StringVar(&o.App, "app", "",
		"command that runs the CDK app, or a cloud assembly such as cdk.out\n"+
			"(default: \"app\" in cdk.json)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false,
		"print each step of each event, and all resources of the pipelines")
	flags.BoolVar(&f.asJSON, "json", false,
		"print JSON lines: first an object with \"ready\":true, then an object per step")
}

// parse validates the flags, and reads the files that they name.
func (f *localFlags) parse() (err error) {
	if err := f.checkListen(); err != nil {
		return err
	}
	if err := f.applySettings(); err != nil {
		return err
	}
	if f.faults != "" {
		f.options.Faults, err = faults.ReadConfig(f.faults, emulator.FaultServices())
		if err != nil {
			return err
		}
	}
	if f.jwks != "" {
		keys, err := oidc.ReadKeyFile(f.jwks)
		if err != nil {
			return err
		}
		f.options.Keys = keys
	}
	f.options.Credentials = make(map[string]string)
	for _, pair := range f.credentials {
		key, secret, ok := strings.Cut(pair, ":")
		if !ok || key == "" || secret == "" || key == emulator.LocalKey {
			return errors.New("--credentials must be KEY:SECRET, with a KEY other than " +
				emulator.LocalKey)
		}
		f.options.Credentials[key] = secret
	}
	return nil
}

// stageWord matches the word "stage" in an app's error. It does not match "Stage" in CDK's
// messages, such as Code/Stage.
var stageWord = regexp.MustCompile(`\bstages?\b`)

// explain adds advice to an error at startup. It returns nil if the user stopped the startup.
func (f *localFlags) explain(ctx context.Context, err error) error {
	var faultsErr *emulator.FaultsError
	var policyErr *emulator.PolicyError
	var portErr *emulator.PortError
	var missingErr *emulator.MissingParameterError
	var unknownErr *emulator.UnknownParameterError
	var exitErr *exec.ExitError
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, cdkapp.ErrNoApp):
		return fmt.Errorf("%w, or set --app to the command that runs the app", err)
	case errors.As(err, &faultsErr):
		return usageError{err}
	case errors.As(err, &policyErr):
		return fmt.Errorf("%w\nTo run the app without policies, use --no-policies", err)
	case errors.As(err, &missingErr) && missingErr.SSM != "":
		return fmt.Errorf("%w\nTo set the parameter, use --ssm %s=VALUE, or write the value "+
			"to \"ssm\" in %s", err, missingErr.SSM, localSettingsFile)
	case errors.As(err, &missingErr) && !missingErr.Nested:
		return fmt.Errorf("%w\nTo set parameters, use --parameter %s:%s=VALUE, or write them to "+
			"\"parameters\" in %s", err, missingErr.Stack, missingErr.Names[0], localSettingsFile)
	case errors.As(err, &unknownErr):
		return usageError{fmt.Errorf("%w; correct --parameter or %s", err, localSettingsFile)}
	case errors.As(err, &exitErr) && stageWord.MatchString(err.Error()):
		return fmt.Errorf("%w\nThe app got the context value stage=%s; "+
			"to set another stage, use --stage", err, f.options.Stage)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return usageError{fmt.Errorf("%w; choose an address of this machine with --listen", err)}
	case errors.As(err, &portErr) && portErr.AWS:
		return fmt.Errorf("%w; choose another port with --aws-port", err)
	case errors.As(err, &portErr):
		return fmt.Errorf("%w; choose another port with --api-port", err)
	}
	return err
}
