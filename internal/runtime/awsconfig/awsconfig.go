// Package awsconfig loads the AWS configuration of the functions and the CLI.
package awsconfig

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
)

// The delays between retries are shorter than the SDK's, whose first delay is half a second on
// average. A client waits for the answer, and most failures of the services last only milliseconds.
// If a failure lasts longer, SQS or the client retries.
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

// connectionsPerHost is the number of idle connections to keep per host. It is enough for all
// concurrent calls of a batch. The SDK's default is 10.
const connectionsPerHost = 64

// NewHTTPClient returns the HTTP client of the SDK, configured for many concurrent calls.
func NewHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = connectionsPerHost
	})
}

// PlainBodies returns a client that hides all methods of a request's body except Read and Close.
// Otherwise net/http may close the connection while the response is being read:
//
// The SDK closes the body when the headers of the response arrive. After that, WriteTo of the body
// returns an error. If net/http then calls WriteTo, it treats the error as a broken request and
// closes the connection.
func PlainBodies(client aws.HTTPClient) aws.HTTPClient { return plainBodies{client} }

type plainBodies struct{ client aws.HTTPClient }

func (c plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		body := r.Body
		r = r.WithContext(r.Context()) // a copy
		r.Body = struct{ io.ReadCloser }{body}
	}
	return c.client.Do(r)
}
