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
type stackFlags struct{ aws, stack string }

const localAWS = "http://127.0.0.1:4566"

func (f *stackFlags) add(cmd *cobra.Command) {
	cmd.PersistentFlags().Var(newGiven(&f.aws, localAWS), "aws", "URL of the local platform's AWS services")
	cmd.PersistentFlags().Var(newGiven(&f.stack, ""), "stack", "work on this CloudFormation stack, with your AWS credentials, instead of the local platform")
	cmd.MarkFlagsMutuallyExclusive("aws", "stack")
}

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
	input := &cloudformation.DescribeStacksInput{} // the local platform's only one
	if f.stack != "" {
		var err error
		if cfg, err = config.LoadDefaultConfig(ctx, config.WithHTTPClient(awsconfig.NewHTTPClient())); err != nil {
			return resources{}, fmt.Errorf("load the AWS configuration: %w", err)
		}
		input.StackName = &f.stack
	}
	cfg.HTTPClient = awsconfig.PlainBodies(cfg.HTTPClient)
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, input, func(o *cloudformation.Options) {
		if f.stack == "" {
			o.Retryer = aws.NopRetryer{} // a local platform that does not answer is not running
		}
	})
	if err != nil {
		return resources{}, f.explain(fmt.Errorf("look up the stack: %w", err))
	}
	for _, stack := range out.Stacks {
		if outputs := outputsOf(stack); outputs["EventsTableName"] != "" {
			return resources{Config: cfg, Stack: aws.ToString(stack.StackName), outputs: outputs}, nil
		}
	}
	return resources{}, errors.New("no stack has the output EventsTableName: a stack with an EventPipeline must output what stacks/stacks.go does")
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
	switch {
	case f.stack != "":
		return "--stack " + f.stack + " "
	case f.aws != localAWS:
		return "--aws " + f.aws + " "
	}
	return ""
}

// explain adds what to do next when the local platform does not answer.
func (f *stackFlags) explain(err error) error {
	if f.stack != "" || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w\nIs the local platform running? Start it with: eventpipeline local. For a deployed pipeline, give --stack", err)
}
