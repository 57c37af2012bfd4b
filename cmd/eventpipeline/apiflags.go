package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/client"
)

// apiFlags say which pipeline's API a command talks to.
type apiFlags struct {
	url, token string
	sign       bool
	at         stackFlags
}

// tokenVariable is the environment variable for the token: other users of a machine see flags, but not this.
const tokenVariable = "EVENTPIPELINE_TOKEN"

const localAPI = "http://127.0.0.1:8080"

func (f *apiFlags) add(cmd *cobra.Command) {
	cmd.Flags().Var(newRequiredValue(&f.url), "api", "URL of the pipeline's API (default: what the local platform says, or "+localAPI+")")
	cmd.Flags().BoolVar(&f.sign, "sign", false, "sign requests with your AWS credentials; those to a --stack or to API Gateway always are")
	cmd.Flags().Var(newRequiredValue(&f.at.stack), "stack", "find the API in this CloudFormation stack instead, with your AWS credentials")
	cmd.Flags().Var(newRequiredValue(&f.at.aws), "aws", awsUsage+"; find the API there")
	cmd.Flags().Var(newRequiredValue(&f.at.pipeline), "pipeline", pipelineUsage)
	cmd.Flags().Var(newRequiredValue(&f.token), "token", "JSON Web Token for an API that asks for one (default: "+tokenVariable+"); nothing is signed then")
}

func (f *apiFlags) client(ctx context.Context, connections int) (*client.Client, error) {
	o := client.Options{Connections: connections, Token: f.token, Sign: f.sign || f.at.stack != ""}
	if !f.sign && f.token == "" {
		o.Token = os.Getenv(tokenVariable)
	}
	address, err := f.find(ctx, &o)
	if err != nil {
		return nil, err
	}
	return client.New(ctx, address, o)
}

// find is the API's URL. To the local platform's own API requests are signed with its own credentials, if need be.
func (f *apiFlags) find(ctx context.Context, o *client.Options) (string, error) {
	if f.url != "" {
		return f.url, nil
	}
	r, err := f.at.open(ctx)
	if err != nil {
		return f.withoutPlatform(err)
	}
	address, err := r.api(ctx)
	if err != nil {
		return f.withoutPlatform(err)
	}
	if f.at.stack == "" && !f.sign && o.Token == "" {
		o.Local = r.region()
	}
	return address, nil
}

// withoutPlatform is where the local platform's API usually is, unless the user has asked for another or has to choose.
func (f *apiFlags) withoutPlatform(err error) (string, error) {
	var choice *choiceError
	if address, _ := f.at.endpoint(); f.at.stack != "" || address != localAWS || f.at.pipeline != "" || errors.As(err, &choice) || errors.Is(err, context.Canceled) {
		return "", err
	}
	return localAPI, nil
}

// text is the flags with which another command finds the same API, with a space behind each. The token is for no screen.
func (f *apiFlags) text() string {
	text := f.at.text()
	if f.url != "" {
		text = "--api " + f.url + " "
	}
	if f.sign {
		text += "--sign "
	}
	return text
}

// api is the URL of the pipeline's API: an output, or what API Gateway calls the API.
func (r resources) api(ctx context.Context) (string, error) {
	if address := r.outputs["ApiUrl"]; address != "" {
		return address, nil
	}
	switch {
	case r.found.apiID == "":
		return "", fmt.Errorf("stack %s has no output ApiUrl, and no API of the pipeline's own; give the API's URL with --api", r.Stack)
	case r.Config.BaseEndpoint == nil:
		return fmt.Sprintf("https://%s.execute-api.%s.amazonaws.com", r.found.apiID, r.found.region), nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *r.Config.BaseEndpoint+"/v2/apis/"+r.found.apiID, nil)
	if err != nil {
		return "", fmt.Errorf("look up the API: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("look up the API: %w", err)
	}
	defer response.Body.Close()
	var api struct {
		APIEndpoint string `json:"apiEndpoint"`
	}
	if err := json.NewDecoder(response.Body).Decode(&api); err != nil || api.APIEndpoint == "" {
		return "", fmt.Errorf("look up the API %s: HTTP %d", r.found.apiID, response.StatusCode)
	}
	return api.APIEndpoint, nil
}

// region is where the pipeline is.
func (r resources) region() string {
	if r.found.region != "" {
		return r.found.region
	}
	return r.Config.Region
}

// explain adds what to do next to an error of a request that never got an answer.
func (f *apiFlags) explain(err error) error {
	var problem *client.Problem
	if err == nil || errors.As(err, &problem) || errors.Is(err, context.Canceled) || f.at.stack != "" || f.url != "" {
		return err
	}
	return fmt.Errorf("%w\nIs the local platform running? Start it with: %s local. For one on other ports, give --aws; for another API, --api or --stack", err, commandName)
}
