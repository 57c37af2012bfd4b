package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/client"
)

// apiFlags say which pipeline's API a command talks to.
type apiFlags struct {
	url, stack, token string
	sign              bool
}

// tokenVariable is the environment variable for the token: other users of a machine see flags, but not this.
const tokenVariable = "EVENTPIPELINE_TOKEN"

const localAPI = "http://127.0.0.1:8080"

func (f *apiFlags) add(cmd *cobra.Command) {
	cmd.Flags().Var(newGiven(&f.url, localAPI), "api", "URL of the pipeline's API")
	cmd.Flags().BoolVar(&f.sign, "sign", false, "sign requests with your AWS credentials; those to a --stack or to API Gateway always are")
	cmd.Flags().Var(newGiven(&f.stack, ""), "stack", "take the URL from this CloudFormation stack's output ApiUrl instead")
	cmd.Flags().Var(newGiven(&f.token, ""), "token", "JSON Web Token for an API that asks for one (default: "+tokenVariable+"); nothing is signed then")
	cmd.MarkFlagsMutuallyExclusive("api", "stack")
	cmd.MarkFlagsMutuallyExclusive("sign", "token")
}

func (f *apiFlags) client(ctx context.Context, connections int) (*client.Client, error) {
	address := f.url
	if f.stack != "" {
		var err error
		if address, err = apiURL(ctx, f.stack); err != nil {
			return nil, err
		}
	}
	o := client.Options{Connections: connections, Token: f.token, Sign: f.sign || f.stack != ""}
	if !f.sign && f.token == "" {
		o.Token = os.Getenv(tokenVariable)
	}
	return client.New(ctx, address, o)
}

// text is the flags as they were given but for the token, with a space behind each.
func (f *apiFlags) text() string {
	text := ""
	if f.url != localAPI {
		text += "--api " + f.url + " "
	}
	if f.stack != "" {
		text += "--stack " + f.stack + " "
	}
	if f.sign {
		text += "--sign "
	}
	return text
}

func apiURL(ctx context.Context, stack string) (string, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return "", fmt.Errorf("load the AWS configuration: %w", err)
	}
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		return "", fmt.Errorf("look up stack %s: %w", stack, err)
	}
	for _, s := range out.Stacks {
		for _, output := range s.Outputs {
			if *output.OutputKey == "ApiUrl" {
				return *output.OutputValue, nil
			}
		}
	}
	return "", fmt.Errorf("stack %s has no output ApiUrl; give the API's URL with --api", stack)
}

// explain adds what to do next to an error of a request that never got an answer.
func (f *apiFlags) explain(err error) error {
	var problem *client.Problem
	if err == nil || errors.As(err, &problem) || errors.Is(err, context.Canceled) || f.stack != "" || f.url != localAPI {
		return err
	}
	return fmt.Errorf("%w\nIs the local platform running? Start it with: eventpipeline local. For another API, give --api or --stack", err)
}
