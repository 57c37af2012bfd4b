package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// stackFlags holds the flags that select a pipeline. An unset flag is "".
type stackFlags struct{ aws, stack, pipeline string }

const localAWS = "http://127.0.0.1:4566"

// endpointVariable names the environment variable from which the AWS CLI and SDKs read the URL of
// the AWS services.
const endpointVariable = "AWS_ENDPOINT_URL"

func (f *stackFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	addRequiredValue(flags, &f.aws, "aws", "URL of the local platform's AWS services (default: "+
		endpointVariable+", or "+localAWS+")")
	addRequiredValue(flags, &f.stack, "stack",
		"CloudFormation stack of a deployed pipeline; uses your AWS credentials")
	addRequiredValue(flags, &f.pipeline, "pipeline",
		"id of the pipeline's construct, if the app has several pipelines")
}

// find returns the selected pipeline.
func (f *stackFlags) find(ctx context.Context) (deployment.Pipeline, error) {
	cfg, err := f.config(ctx)
	if err != nil {
		return deployment.Pipeline{}, err
	}
	stacks, err := deployment.Stacks(ctx, cfg, f.stack)
	if err != nil {
		return deployment.Pipeline{}, f.explain(err)
	}
	return deployment.Find(ctx, cfg, stacks, f.pipeline)
}

// findForEvent returns the selected pipeline. If there are several pipelines and no flag selects
// one, it returns the pipeline whose events table has the event.
func (f *stackFlags) findForEvent(ctx context.Context, id string) (deployment.Pipeline, error) {
	p, err := f.find(ctx)
	var choice *deployment.ChoiceError
	if f.pipeline != "" || !errors.As(err, &choice) {
		return p, err
	}
	pipelines, err := f.findAll(ctx)
	if err != nil {
		return p, err
	}
	for _, p := range pipelines {
		switch _, err := pipeline.LookUp(ctx, p.Items(), id); {
		case err == nil:
			f.pipeline = p.Stack + "/" + p.Name
			return p, nil
		case !errors.Is(err, pipeline.ErrNotFound):
			return p, fmt.Errorf("look up the event in pipeline %s: %w", p.Name, err)
		}
	}
	return p, fmt.Errorf("%w %s: check the id; the items of events expire after StatusRetention",
		errInNoPipeline, id)
}

// findAll returns the pipelines of the stack. Without a stack, it returns those of the local
// platform.
func (f *stackFlags) findAll(ctx context.Context) ([]deployment.Pipeline, error) {
	cfg, err := f.config(ctx)
	if err != nil {
		return nil, err
	}
	stacks, err := deployment.Stacks(ctx, cfg, f.stack)
	if err != nil {
		return nil, f.explain(err)
	}
	var names []string
	for _, stack := range stacks {
		names = append(names, aws.ToString(stack.StackName))
	}
	return deployment.FindAll(ctx, cfg, names)
}

// errInNoPipeline reports that none of several pipelines has the event.
var errInNoPipeline = errors.New("none of the pipelines has the event")

// checkID returns an error if value does not have the form of an id. The error begins with name,
// the name of the argument or flag.
func checkID(name, value string) error {
	if pipeline.ValidID(value) {
		return nil
	}
	return fmt.Errorf("%s must be a lower-case UUID such as 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 "+
		"(UUID.INDEX for an event of a batch), got %q", name, value)
}

// checkType returns an error if the flag --type does not have the form of an event type.
func checkType(value string) error {
	if pipeline.ValidType(value) {
		return nil
	}
	return fmt.Errorf(`--type must be a letter, then up to 63 letters, digits, ".", "_" or "-", `+
		"got %q", value)
}

// noEvent returns the error for an event that has no item.
func noEvent(id string, p deployment.Pipeline) error {
	return fmt.Errorf("there is no event %s in stack %s: "+
		"check the id; the items of events expire after StatusRetention", id, p.Stack)
}

func (f *stackFlags) config(ctx context.Context) (aws.Config, error) {
	if f.stack != "" {
		return deployedConfig(ctx, "replace --stack by --aws with this URL")
	}
	address, source := f.endpoint()
	cfg, err := deployment.LocalConfig(address)
	if err != nil {
		return aws.Config{}, usageErrorf("%s %w", source, err)
	}
	return cfg, nil
}

// deployedConfig returns a configuration that calls AWS. If the AWS settings send requests to the
// local platform, it returns a usage error. alternative is advice at the end of this error.
func deployedConfig(ctx context.Context, alternative string) (aws.Config, error) {
	cfg, err := deployment.Config(ctx)
	if err != nil {
		return cfg, err
	}
	for _, endpoint := range deployment.Endpoints(cfg) {
		if deployment.OnThisMachine(ctx, endpoint) {
			return cfg, usageErrorf("--stack selects a deployed stack, but your AWS settings send "+
				"requests to %s on this machine: unset %s, or %s",
				endpoint, endpointVariable, alternative)
		}
	}
	return cfg, nil
}

// announce prints the pipeline that a command uses.
func announce(cmd *cobra.Command, pipeline any) {
	fmt.Fprintf(tty.Wrap(cmd.ErrOrStderr()), "Pipeline: %s\n", pipeline)
}

// endpoint returns the URL of the local platform's AWS services. source names the flag or variable
// that sets the URL.
func (f *stackFlags) endpoint() (address, source string) {
	if f.aws != "" {
		return f.aws, "--aws"
	}
	if address = os.Getenv(endpointVariable); address != "" {
		return address, endpointVariable
	}
	return localAWS, "the default"
}

// String returns the flags with which another command selects the same pipeline. Without --stack,
// they contain the URL of the AWS services, unless it is localAWS.
func (f *stackFlags) String() string {
	text := ""
	if address, _ := f.endpoint(); f.stack != "" {
		text = "--stack " + f.stack
	} else if address != localAWS {
		text = "--aws " + address
	}
	if f.pipeline == "" {
		return text
	}
	return strings.TrimSpace(text + " --pipeline " + f.pipeline)
}

// explain adds advice about the local platform to err. With --stack, it returns err unchanged.
func (f *stackFlags) explain(err error) error {
	if f.stack != "" || errors.Is(err, context.Canceled) || tooManyConnections(err) {
		return err
	}
	return suggestLocal(err, "a deployed pipeline, set --stack")
}

// tooManyConnections reports whether a connection failed because this machine has too many open
// files, or no free port.
func tooManyConnections(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.EADDRNOTAVAIL)
}

func suggestLocal(err error, otherwise string) error {
	var failed *net.OpError // without the text that the SDK adds
	if errors.As(err, &failed) && failed.Op == "dial" {
		err = failed
	}
	return fmt.Errorf("%w\nIs the local platform running? Start it with: %s\n"+
		"If it uses other ports, set --aws. To use %s", err, suggestCommand("local"), otherwise)
}
