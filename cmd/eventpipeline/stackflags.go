package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

// stackFlags say which pipeline's buckets, table and queues a command works on. Each is "" when it was not given.
type stackFlags struct{ aws, stack, pipeline string }

const localAWS = "http://127.0.0.1:4566"

// endpointVariable is the environment variable in which the AWS CLI and the SDKs look for the services' URL.
const endpointVariable = "AWS_ENDPOINT_URL"

const awsUsage = "URL of the local platform's AWS services (default: " + endpointVariable + ", or " + localAWS + ")"

func (f *stackFlags) add(cmd *cobra.Command) {
	cmd.PersistentFlags().Var(newRequiredValue(&f.aws), "aws", awsUsage)
	cmd.PersistentFlags().Var(newRequiredValue(&f.stack), "stack", "work on this CloudFormation stack, with your AWS credentials, instead of the local platform")
	cmd.PersistentFlags().Var(newRequiredValue(&f.pipeline), "pipeline", pipelineUsage)
}

const pipelineUsage = "the pipeline, where an app has several: the id of its construct"

// resources are a pipeline's own, by the names that stacks/stacks.go gives its outputs.
type resources struct {
	Config  aws.Config
	Stack   string
	found   found // what was discovered, if the stack has no outputs
	outputs map[string]string
}

// open looks the pipeline up: by its stack's outputs, or else by its functions.
func (f *stackFlags) open(ctx context.Context) (resources, error) {
	cfg, err := f.config(ctx)
	if err != nil {
		return resources{}, err
	}
	stacks, err := f.stacks(ctx, cfg)
	if err != nil {
		return resources{}, f.explain(fmt.Errorf("look up the stack: %w", err))
	}
	var names []string
	for _, stack := range stacks {
		if f.stack != "" || stack.ParentId == nil { // discover finds nested ones by their parent
			names = append(names, aws.ToString(stack.StackName))
		}
		if outputs := outputsOf(stack); outputs["EventsTableName"] != "" && f.pipeline == "" {
			r := resources{Config: cfg, Stack: aws.ToString(stack.StackName), outputs: outputs}
			if id, err := arn.Parse(aws.ToString(stack.StackId)); err == nil {
				r.found.region = id.Region
			}
			return r, nil
		}
	}
	pipelines, err := discoverAll(ctx, cfg, names)
	if err != nil {
		return resources{}, err
	}
	one, err := f.choose(pipelines)
	if err != nil {
		return resources{}, err
	}
	return resources{Config: cfg, Stack: one.stack, found: one, outputs: one.outputs}, nil
}

// choose is the one pipeline, or the one of that name.
func (f *stackFlags) choose(pipelines []found) (found, error) {
	var names []string
	var chosen []found
	for _, p := range pipelines {
		name := p.name
		if slices.ContainsFunc(pipelines, func(other found) bool { return other.name == p.name && other.stack != p.stack }) {
			name = p.stack + "/" + p.name
		}
		names = append(names, name)
		if f.pipeline == "" || f.pipeline == p.name || f.pipeline == p.stack+"/"+p.name {
			chosen = append(chosen, p)
		}
	}
	switch {
	case len(pipelines) == 0:
		return found{}, errNoPipeline
	case len(chosen) == 0:
		return found{}, &choiceError{fmt.Errorf("there is no pipeline %s; there is: %s", f.pipeline, strings.Join(names, ", "))}
	case len(chosen) > 1:
		return found{}, &choiceError{fmt.Errorf("there are several pipelines; choose one with --pipeline: %s", strings.Join(names, ", "))}
	}
	return chosen[0], nil
}

var errNoPipeline = errors.New("no stack here has an EventPipeline")

// choiceError says that the user has to choose a pipeline.
type choiceError struct{ error }

// endpoint is the URL of the local platform's AWS services, and where it comes from.
func (f *stackFlags) endpoint() (address, from string) {
	if f.aws != "" {
		return f.aws, "--aws"
	}
	if address = os.Getenv(endpointVariable); address != "" {
		return address, endpointVariable
	}
	return localAWS, "the default"
}

// config is how AWS is called.
func (f *stackFlags) config(ctx context.Context) (aws.Config, error) {
	if f.stack != "" {
		cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(awsconfig.NewHTTPClient()))
		if err != nil {
			return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
		}
		cfg.HTTPClient = awsconfig.PlainBodies(cfg.HTTPClient)
		return cfg, nil
	}
	address, from := f.endpoint()
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return aws.Config{}, usageError{fmt.Errorf("%s is %q; it must be a URL, such as %s", from, address, localAWS)}
	}
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &address, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient: awsconfig.PlainBodies(awsconfig.NewHTTPClient()),
	}, nil
}

// stacks are the one that was named, or all of the local platform's.
func (f *stackFlags) stacks(ctx context.Context, cfg aws.Config) ([]types.Stack, error) {
	input := &cloudformation.DescribeStacksInput{}
	if f.stack != "" {
		input.StackName = &f.stack
	}
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, input, func(o *cloudformation.Options) {
		if f.stack == "" {
			o.Retryer = aws.NopRetryer{} // a local platform that does not answer is not running
		}
	})
	if err != nil {
		return nil, err
	}
	return out.Stacks, nil
}

func outputsOf(stack types.Stack) map[string]string {
	outputs := make(map[string]string)
	for _, output := range stack.Outputs {
		outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	return outputs
}

// need reports which of the outputs the stack does not have.
func (r resources) need(names ...string) error {
	var missing []string
	for _, name := range names {
		if r.outputs[name] == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("stack %s has no output %s; add it as stacks/stacks.go does", r.Stack, strings.Join(missing, ", "))
	}
	return nil
}

func (r resources) bronze() s3.Bucket { return s3.NewBucket(r.Config, r.outputs["BronzeBucketName"]) }
func (r resources) silver() s3.Bucket { return s3.NewBucket(r.Config, r.outputs["SilverBucketName"]) }
func (r resources) events() dynamodb.Items {
	return dynamodb.NewItems(r.Config, r.outputs["EventsTableName"])
}
func (r resources) queue() sqs.Queue { return sqs.NewQueue(r.Config, r.outputs["QueueUrl"]) }
func (r resources) deadLetters() sqs.DeadLetterQueue {
	return sqs.NewDeadLetterQueue(r.Config, r.outputs["DeadLetterQueueUrl"])
}
func (r resources) checkpoints() dynamodb.Checkpoints {
	return dynamodb.NewCheckpoints(r.Config, r.outputs["EventsTableName"])
}

// text is the flags with which another command finds the same pipeline, in any shell, with a space behind each.
func (f *stackFlags) text() string {
	text := ""
	if address, _ := f.endpoint(); f.stack != "" {
		text = "--stack " + f.stack + " "
	} else if address != localAWS {
		text = "--aws " + address + " "
	}
	if f.pipeline != "" {
		text += "--pipeline " + f.pipeline + " "
	}
	return text
}

// explain adds what to do next when the local platform does not answer.
func (f *stackFlags) explain(err error) error {
	if f.stack != "" || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w\nIs the local platform running? Start it with: %s local. For one on other ports, give --aws; for a deployed pipeline, --stack", err, commandName)
}
