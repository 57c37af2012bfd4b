// Package awsconfig loads the AWS configuration of the functions. It also creates the HTTP client
// that the functions and the CLI use.
package awsconfig

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Calls defines how a function calls AWS services.
type Calls struct {
	MaxAttempts  int
	FirstBackoff time.Duration // maximum delay before the second attempt; doubles with each attempt
	MaxBackoff   time.Duration
	// Response is the longest time that an attempt waits for the headers of the response, or for
	// the next part of its body. Large requests get more time.
	Response time.Duration
}

var (
	// ForClient is for functions whose client waits for the response. All attempts of a call to AWS
	// together take less than 9 seconds.
	//
	// The delays are short, because most failures of AWS services last only milliseconds.
	ForClient = Calls{
		MaxAttempts: 4, FirstBackoff: 100 * time.Millisecond, MaxBackoff: 400 * time.Millisecond,
		Response: 2 * time.Second,
	}
	// ForQueue is for functions that no client waits for. The attempts continue for some seconds.
	// If all attempts fail, SQS or the reconciler's schedule invokes the function again.
	ForQueue = Calls{
		MaxAttempts: 6, FirstBackoff: 400 * time.Millisecond, MaxBackoff: 4 * time.Second,
		Response: 3 * time.Second,
	}
)

const connectTimeout = time.Second

// conflict is the error code that S3 returns if another request changes the key during a
// conditional write. S3's documentation says to retry the request.
const conflict = "ConditionalRequestConflict"

// Load reads the configuration from environment variables. It calls no service.
func Load(calls Calls) (aws.Config, error) {
	cfg, err := fromEnvironment()
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	client := NewHTTPClient().WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout })
	cfg.HTTPClient = PlainBodies(timeLimited{client, calls.Response})
	cfg.Retryer = calls.retryer
	return cfg, nil
}

func (c Calls) retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.Backoff = c.MaxAttempts, retry.BackoffDelayerFunc(c.backoff)
		o.Retryables = append(o.Retryables,
			retry.RetryableErrorCode{Codes: map[string]struct{}{conflict: {}}})
	})
}

// backoff returns a random delay before the next attempt. The parameter attempt is the number of
// the failed attempt, starting at 1.
func (c Calls) backoff(attempt int, _ error) (time.Duration, error) {
	return rand.N(c.maxBackoff(attempt)), nil
}

func (c Calls) maxBackoff(attempt int) time.Duration {
	doublings := min(max(attempt-1, 0), c.MaxAttempts)
	return min(c.FirstBackoff<<doublings, c.MaxBackoff)
}

// connectionsPerHost is the number of idle connections to keep per host. All concurrent calls of an
// invocation can use these connections. The SDK's default is 10.
const connectionsPerHost = 64

// NewHTTPClient returns the HTTP client of the SDK, configured for many concurrent calls.
func NewHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = connectionsPerHost
	})
}

// PlainBodies returns a client that hides all methods of a request's body except Read and Close.
// Without the method WriteTo, the connection stays open.
//
// The SDK closes the body when the response's headers arrive. If net/http then calls WriteTo, it
// gets an error and closes the connection.
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
