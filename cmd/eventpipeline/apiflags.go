package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
)

// apiFlags holds the flags that select the API that a command calls.
type apiFlags struct {
	url, token string
	sign       bool
	stack      stackFlags
	pipeline   string // describes the pipeline whose API the command calls
}

// tokenVariable names the environment variable that holds the token. Other users of the machine
// can read command lines, but not the environment.
const tokenVariable = "EVENTPIPELINE_TOKEN"

const localAPI = "http://127.0.0.1:8080"

func (f *apiFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	addRequiredValue(flags, &f.url, "api",
		"URL of the pipeline's API (default: the API of the local platform)")
	flags.BoolVar(&f.sign, "sign", false,
		"sign requests with your AWS credentials (default for --stack and for API Gateway)")
	addRequiredValue(flags, &f.token, "token",
		"JSON Web Token for the API, instead of a signature (default: "+tokenVariable+")")
	f.stack.add(cmd)
}

// client returns a client of the API for a number of connections.
func (f *apiFlags) client(ctx context.Context, connections int) (*client.Client, error) {
	o := client.Options{
		Connections: connections, Token: f.token, Sign: f.sign || f.stack.stack != "",
	}
	if !f.sign && f.token == "" {
		o.Token = os.Getenv(tokenVariable)
	}
	address, region, err := f.find(ctx)
	if err != nil {
		return nil, err
	}
	if !o.Sign && o.Token == "" {
		o.LocalRegion = region
	}
	return client.New(ctx, address, o)
}

// find returns the URL of the API. If the command asked the local platform for the URL, find also
// returns the region that the local platform emulates.
func (f *apiFlags) find(ctx context.Context) (url, localRegion string, err error) {
	if f.url != "" {
		f.pipeline = "API " + f.url
		return f.url, "", nil
	}
	p, err := f.stack.find(ctx)
	if err == nil {
		url, err = p.APIURL(ctx)
	}
	f.pipeline = p.String()
	switch {
	case err == nil && f.stack.stack == "":
		return url, p.Region, nil
	case err == nil || !f.isDefault(err):
		return url, "", err
	}
	f.pipeline = "API " + localAPI
	return localAPI, "", nil
}

// isDefault reports whether the command may use the default API after the error err. It may if the
// user set no flag that selects a pipeline, and if err is neither a cancellation nor a list of
// pipelines to choose from.
func (f *apiFlags) isDefault(err error) bool {
	var choice *deployment.ChoiceError
	return f.stack.String() == "" && !errors.As(err, &choice) && !errors.Is(err, context.Canceled)
}

// String returns the flags that make another command call the same API. It leaves out the token,
// which must not appear on a screen.
func (f *apiFlags) String() string {
	text := f.stack.String()
	if f.url != "" {
		text = "--api " + f.url
	}
	if f.sign {
		text = strings.TrimSpace(text + " --sign")
	}
	return text
}

// explain adds advice to err if the API of the local platform does not answer, or if this machine
// can't open more connections.
func (f *apiFlags) explain(err error) error {
	if tooManyConnections(err) {
		return fmt.Errorf("%w\nThis machine can't open more connections: lower --concurrency", err)
	}
	var problem *client.Problem
	if err == nil || errors.As(err, &problem) || errors.Is(err, context.Canceled) ||
		f.stack.stack != "" || f.url != "" {
		return err
	}
	return suggestLocal(err, "another API, set --api or --stack")
}
