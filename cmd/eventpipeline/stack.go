package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/sqs"
)

// stackFlags say which pipeline's buckets, table and queues a command works on.
type stackFlags struct{ aws, stack, pipeline string }

const localAWS = "http://127.0.0.1:4566"

func (f *stackFlags) add(cmd *cobra.Command) {
	cmd.PersistentFlags().Var(newGiven(&f.aws, localAWS), "aws", "URL of the local platform's AWS services")
	cmd.PersistentFlags().Var(newGiven(&f.stack, ""), "stack", "work on this CloudFormation stack, with your AWS credentials, instead of the local platform")
	cmd.PersistentFlags().Var(newGiven(&f.pipeline, ""), "pipeline", pipelineUsage)
	cmd.MarkFlagsMutuallyExclusive("aws", "stack")
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
	for _, stack := range stacks {
		if outputs := outputsOf(stack); outputs["EventsTableName"] != "" && f.pipeline == "" {
			r := resources{Config: cfg, Stack: aws.ToString(stack.StackName), outputs: outputs}
			if id, err := arn.Parse(aws.ToString(stack.StackId)); err == nil {
				r.found.region = id.Region
			}
			return r, nil
		}
	}
	var pipelines []found
	for _, stack := range stacks {
		if f.stack == "" && stack.ParentId != nil {
			continue // discover finds it by its parent
		}
		more, err := discover(ctx, cfg, aws.ToString(stack.StackName))
		if err != nil {
			return resources{}, err
		}
		pipelines = append(pipelines, more...)
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

// config is how AWS is called.
func (f *stackFlags) config(ctx context.Context) (aws.Config, error) {
	if u, err := url.Parse(f.aws); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return aws.Config{}, usageError{fmt.Errorf("--aws is %q; it must be a URL, such as %s", f.aws, localAWS)}
	}
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &f.aws, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient: awsconfig.NewHTTPClient(),
	}
	if f.stack != "" {
		var err error
		if cfg, err = config.LoadDefaultConfig(ctx, config.WithHTTPClient(awsconfig.NewHTTPClient())); err != nil {
			return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
		}
	}
	cfg.HTTPClient = awsconfig.PlainBodies(cfg.HTTPClient)
	return cfg, nil
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
func (r resources) events() dynamodb.Events {
	return dynamodb.NewEvents(r.Config, r.outputs["EventsTableName"])
}
func (r resources) queue() sqs.Queue { return sqs.NewQueue(r.Config, r.outputs["QueueUrl"]) }
func (r resources) deadLetters() sqs.DeadLetters {
	return sqs.NewDeadLetters(r.Config, r.outputs["DeadLetterQueueUrl"])
}
func (r resources) checkpoints() dynamodb.Checkpoints {
	return dynamodb.NewCheckpoints(r.Config, r.outputs["EventsTableName"])
}

// text is the flags as they were given, with a space behind each.
func (f *stackFlags) text() string {
	text := ""
	switch {
	case f.stack != "":
		text = "--stack " + f.stack + " "
	case f.aws != localAWS:
		text = "--aws " + f.aws + " "
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
	return fmt.Errorf("%w\nIs the local platform running? Start it with: eventpipeline local. For a deployed pipeline, give --stack", err)
}
