package deployment

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
)

// Config returns how to call AWS with the user's credentials.
func Config(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(awsconfig.NewHTTPClient()))
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	cfg.HTTPClient = awsconfig.PlainBodies(cfg.HTTPClient)
	return cfg, nil
}

// LocalConfig returns how to call the local platform's AWS services at a URL.
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
