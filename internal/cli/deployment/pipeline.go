// Package deployment finds the pipelines of CloudFormation stacks, on AWS and on the local
// platform.
package deployment

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	jsonv2 "github.com/go-json-experiment/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

// Pipeline names the resources of a deployed pipeline.
type Pipeline struct {
	Config  aws.Config // for calls to the pipeline's services
	Stack   string     // name of the CloudFormation stack
	Name    string     // id of the construct; empty if the pipeline was found by outputs
	Account string     // empty if the stack's id contains no account
	Region  string

	Bronze, Silver     string // buckets
	Table              string
	QueueURL, DLQURL   string
	Bus                string
	APIFunction        string
	WorkerFunction     string
	ReconcilerFunction string

	apiURL string // value in the stack's outputs, or ""
	apiID  string // id of the pipeline's own HTTP API; empty if it has none
}

// outputs maps the name of each stack output to the field that the output sets.
func (p *Pipeline) outputs() map[string]*string {
	return map[string]*string{
		contract.OutputBronzeBucket:       &p.Bronze,
		contract.OutputSilverBucket:       &p.Silver,
		contract.OutputEventsTable:        &p.Table,
		contract.OutputQueueURL:           &p.QueueURL,
		contract.OutputDeadLetterQueueURL: &p.DLQURL,
		contract.OutputEventBus:           &p.Bus,
		contract.OutputAPIFunction:        &p.APIFunction,
		contract.OutputWorkerFunction:     &p.WorkerFunction,
		contract.OutputReconcilerFunction: &p.ReconcilerFunction,
		contract.OutputAPIURL:             &p.apiURL,
	}
}

// Outputs returns the known resources. The keys are the names of the stack outputs.
func (p Pipeline) Outputs() map[string]string {
	known := make(map[string]string)
	for name, value := range p.outputs() {
		if *value != "" {
			known[name] = *value
		}
	}
	return known
}

func (p Pipeline) BronzeBucket() s3.Bucket { return s3.NewBucket(p.Config, p.Bronze) }
func (p Pipeline) SilverBucket() s3.Bucket { return s3.NewBucket(p.Config, p.Silver) }
func (p Pipeline) Items() dynamodb.Items   { return dynamodb.NewItems(p.Config, p.Table) }
func (p Pipeline) Queue() sqs.Queue        { return sqs.NewQueue(p.Config, p.QueueURL) }
func (p Pipeline) DeadLetterQueue() sqs.DeadLetterQueue {
	return sqs.NewDeadLetterQueue(p.Config, p.DLQURL)
}
func (p Pipeline) Checkpoints() dynamodb.Checkpoints {
	return dynamodb.NewCheckpoints(p.Config, p.Table)
}

// APIURL returns the URL of the pipeline's HTTP API.
func (p Pipeline) APIURL(ctx context.Context) (string, error) {
	switch {
	case p.apiURL != "":
		return p.apiURL, nil
	case p.apiID == "":
		return "", fmt.Errorf("stack %s has neither an output ApiUrl nor an API of the pipeline; "+
			"set the URL of the API with --api", p.Stack)
	case p.Config.BaseEndpoint == nil:
		domain, err := regionDomain(ctx, p.Region)
		return "https://" + p.apiID + ".execute-api." + domain, err
	}
	url, err := localAPIURL(ctx, *p.Config.BaseEndpoint+"/v2/apis/"+p.apiID)
	if err != nil {
		return "", fmt.Errorf("look up the API %s: %w", p.apiID, err)
	}
	return url, nil
}

// regionDomain returns the domain of a region's services, such as cn-north-1.amazonaws.com.cn. Each
// partition of AWS has its own domain.
func regionDomain(ctx context.Context, region string) (string, error) {
	endpoint, err := lambda.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx,
		lambda.EndpointParameters{Region: &region})
	if err != nil {
		return "", fmt.Errorf("find the domain of region %s: %w", region, err)
	}
	return strings.TrimPrefix(endpoint.URI.Host, "lambda."), nil
}

// localAPIURL reads the URL of an API from the local platform. The platform serves each API on its
// own port.
func localAPIURL(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var api struct {
		APIEndpoint string `json:"apiEndpoint"`
	}
	err = jsonv2.UnmarshalRead(response.Body, &api)
	if err != nil || api.APIEndpoint == "" {
		return "", errors.New(response.Status)
	}
	return api.APIEndpoint, nil
}

// Config returns a configuration that calls AWS with the user's credentials.
func Config(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(awsconfig.NewHTTPClient()))
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	cfg.HTTPClient = awsconfig.PlainBodies(cfg.HTTPClient)
	return cfg, nil
}

// LocalConfig returns a configuration for the AWS services of the local platform at endpoint.
func LocalConfig(endpoint string) (aws.Config, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return aws.Config{}, fmt.Errorf(
			"must be a URL such as http://127.0.0.1:4566, got %q", endpoint)
	}
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:  awsconfig.PlainBodies(awsconfig.NewHTTPClient()),
	}, nil
}
