// Package awsconfig is how the functions and the CLI reach AWS.
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

// The SDK's own first backoff is half a second on average: long for a client that waits, when most failures of these
// services are over in a moment. What lasts longer is left to SQS's and the client's own retries.
const (
	maxAttempts  = 4
	firstBackoff = 50 * time.Millisecond
)

// backoff is a random time up to firstBackoff, doubled with each attempt.
func backoff(attempt int, _ error) (time.Duration, error) {
	return rand.N(firstBackoff << min(attempt, maxAttempts)), nil
}

// Load reads the configuration that Lambda gives by environment variables; it calls no service.
func Load(ctx context.Context) (aws.Config, error) {
	retryer := func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.Backoff = maxAttempts, retry.BackoffDelayerFunc(backoff)
		})
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(NewHTTPClient()), config.WithRetryer(retryer))
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	cfg.HTTPClient = PlainBodies(cfg.HTTPClient)
	return cfg, nil
}
