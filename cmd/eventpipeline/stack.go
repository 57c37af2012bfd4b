package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
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
type stackFlags struct {
	aws, stack string
	cmd        *cobra.Command
}

// tableOutput is the output by which a stack with a pipeline is known.
const tableOutput = "EventsTableName"

const localAWS = "http://127.0.0.1:4566"

func (f *stackFlags) add(cmd *cobra.Command) {
	cmd.PersistentFlags().Var(newGiven(&f.aws, localAWS), "aws", "URL of the local platform's AWS services")
	cmd.PersistentFlags().Var(newGiven(&f.stack, ""), "stack", "work on this CloudFormation stack, with your AWS credentials, instead of the local platform; with --aws, on the local platform's")
	f.cmd = cmd
}

// local tells whether the stack is the local platform's.
func (f *stackFlags) local() bool { return f.stack == "" || f.cmd.PersistentFlags().Changed("aws") }

// resources are a pipeline's own, as the outputs of its stack name them.
type resources struct {
	Config  aws.Config
	Stack   string
	outputs map[string]string
}

// open looks the stack up.
func (f *stackFlags) open(ctx context.Context) (resources, error) {
	if u, err := url.Parse(f.aws); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return resources{}, usageError{fmt.Errorf("--aws is %q; it must be a URL, such as %s", f.aws, localAWS)}
	}
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &f.aws, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient: awsconfig.NewHTTPClient(),
	}
	input := &cloudformation.DescribeStacksInput{}
	if f.stack != "" {
		input.StackName = &f.stack
	}
	if !f.local() {
		var err error
		if cfg, err = config.LoadDefaultConfig(ctx, config.WithHTTPClient(awsconfig.NewHTTPClient())); err != nil {
			return resources{}, fmt.Errorf("load the AWS configuration: %w", err)
		}
	}
	cfg.HTTPClient = awsconfig.PlainBodies(cfg.HTTPClient)
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, input, func(o *cloudformation.Options) {
		if f.local() {
			o.Retryer = aws.NopRetryer{} // a local platform that does not answer is not running
		}
	})
	if err != nil {
		return resources{}, f.explain(fmt.Errorf("look up the stack: %w", err))
	}
	var found []resources
	var names []string
	for _, stack := range out.Stacks {
		if outputs := outputsOf(stack); outputs[tableOutput] != "" {
			r := resources{Config: cfg, Stack: aws.ToString(stack.StackName), outputs: outputs}
			found, names = append(found, r), append(names, r.Stack)
		}
	}
	switch len(found) {
	case 0:
		return resources{}, errors.New("no stack has the output " + tableOutput + ": a stack with an EventPipeline must output what stacks/stacks.go does")
	case 1:
		return found[0], nil
	}
	return resources{}, usageError{fmt.Errorf("several stacks have a pipeline, %s: choose one with --aws %s --stack NAME", strings.Join(names, ", "), f.aws)}
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
	if f.local() && (f.stack != "" || f.aws != localAWS) {
		text = "--aws " + f.aws + " "
	}
	if f.stack != "" {
		text += "--stack " + f.stack + " "
	}
	return text
}

// explain adds what to do next when the local platform does not answer.
func (f *stackFlags) explain(err error) error {
	if !f.local() || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w\nIs the local platform running? Start it with: eventpipeline local. For a deployed pipeline, give --stack", err)
}
