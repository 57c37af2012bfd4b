// Package awsconfig is how the functions reach AWS.
package awsconfig

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
)

// connectionsPerHost lets a batch's calls to one service all find an open connection; the SDK's default is 10.
const connectionsPerHost = 64

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
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = connectionsPerHost
	})
	retryer := func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.Backoff = maxAttempts, retry.BackoffDelayerFunc(backoff)
		})
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(client), config.WithRetryer(retryer))
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	return cfg, nil
}
