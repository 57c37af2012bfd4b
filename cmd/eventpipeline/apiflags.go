package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
)

// apiFlags holds the flags that select the API that a command calls.
type apiFlags struct {
	url, token string
	sign       bool
	stack      stackFlags
	pipeline   string // describes the pipeline whose API the command calls
}

// tokenVariable names the environment variable that holds the token. Other users of the machine can
// read command lines, but not environment variables.
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

// client returns a client of the API with the options o. The flags set the authorization.
func (f *apiFlags) client(ctx context.Context, o client.Options) (*client.Client, error) {
	if !f.sign && f.token == "" {
		f.token = os.Getenv(tokenVariable)
	}
	address, localRegion, err := f.find(ctx)
	if err != nil {
		return nil, err
	}
	isGateway := strings.Contains(address, ".execute-api.")
	switch {
	case f.token != "":
		o.Token = func(context.Context) (string, error) { return f.token, nil }
	case f.sign || f.stack.stack != "" || isGateway:
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("load the AWS configuration: %w", err)
		}
		if cfg.Region == "" && !isGateway {
			return nil, errors.New(
				"the region of this API is unknown: set AWS_REGION to sign requests")
		}
		o.Credentials, o.Region = cfg.Credentials, cfg.Region
	case localRegion != "":
		o.Credentials = credentials.NewStaticCredentialsProvider("local", "local", "")
		o.Region = localRegion
	}
	return client.New(address, o)
}

// find returns the URL of the API. If the API is on the local platform, localRegion is the
// platform's region. If the flags select another API, or the platform does not answer, localRegion
// is "".
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
	case err == nil || !f.mayCallLocalAPI(err):
		return url, "", err
	}
	f.pipeline = "API " + localAPI
	return localAPI, "", nil
}

// mayCallLocalAPI reports whether the command may call localAPI. err is the error of find. The
// result is false in these cases:
//   - a flag selects a pipeline
//   - the user stopped the command
//   - find found several pipelines
func (f *apiFlags) mayCallLocalAPI(err error) bool {
	var choice *deployment.ChoiceError
	return f.stack.String() == "" && !errors.As(err, &choice) && !errors.Is(err, context.Canceled)
}

// String returns the flags with which another command calls the same API. It omits the token, which
// must not appear on a screen.
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

// explain adds advice to err, for example how to authorize requests or how to start the local
// platform.
func (f *apiFlags) explain(err error) error {
	var problem *client.Problem
	switch {
	case err == nil || errors.Is(err, context.Canceled) || errors.Is(err, client.ErrNotObject):
		return err
	case tooManyConnections(err):
		return fmt.Errorf("%w\nThis machine can't open more connections: lower --concurrency", err)
	case errors.As(err, &problem):
		return f.explainProblem(problem, err)
	case f.stack.stack != "" || f.url != "":
		return err
	}
	return suggestLocal(err, "another API, set --api or --stack")
}

func (f *apiFlags) explainProblem(problem *client.Problem, err error) error {
	byGateway := strings.Contains(problem.Type, ":gateway-")
	switch {
	case byGateway && problem.Status == http.StatusUnauthorized && f.token == "":
		return fmt.Errorf("%w (set a JSON Web Token with --token or %s)%s", err, tokenVariable,
			f.localTokenAdvice())
	case byGateway && problem.Status == http.StatusUnauthorized:
		return fmt.Errorf("%w (the API does not accept the token: check the token's issuer, "+
			"audience, scopes and expiry)%s", err, f.localTokenAdvice())
	case byGateway && problem.Status == http.StatusForbidden:
		return fmt.Errorf("%w (if the API uses IAM authorization, pass --sign; your AWS "+
			"credentials must allow execute-api:Invoke)", err)
	}
	return err
}

// localTokenAdvice returns advice on how to make a token for the local platform. For --stack and
// for a URL of API Gateway, it returns "".
func (f *apiFlags) localTokenAdvice() string {
	if f.stack.stack != "" || strings.Contains(f.url, ".execute-api.") {
		return ""
	}
	return "\nTo make a token for the local platform, use: " + suggestCommand("token --help")
}
