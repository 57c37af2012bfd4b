// Package awsconfig loads the AWS configuration of the functions and the CLI.
package awsconfig

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
)

// The retries are shorter than the SDK's, whose first backoff takes half a second on average. A
// client waits for the answer, and most failures of the services last only milliseconds. If a
// failure lasts longer, SQS or the client retries.
const (
	maxAttempts  = 4
	firstBackoff = 50 * time.Millisecond
)

// backoff returns a random delay. The maximum is firstBackoff, and doubles with each attempt.
func backoff(attempt int, _ error) (time.Duration, error) {
	return rand.N(firstBackoff << min(attempt, maxAttempts)), nil
}

// Load reads the configuration from the environment and the AWS configuration files. It calls no
// service.
func Load(ctx context.Context) (aws.Config, error) {
	retryer := func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.Backoff = maxAttempts, retry.BackoffDelayerFunc(backoff)
		})
	}
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithHTTPClient(NewHTTPClient()), config.WithRetryer(retryer))
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	cfg.HTTPClient = PlainBodies(cfg.HTTPClient)
	return cfg, nil
}
