package awsconfig

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// timeLimited ends each attempt that makes no progress. The SDK then starts the next attempt.
// timeLimited replaces the SDK's own timeouts, which have no effect on a wrapped HTTP client.
type timeLimited struct {
	client aws.HTTPClient
	limit  time.Duration
}

// timeoutError reports that an attempt made no progress. The SDK retries timeouts.
type timeoutError struct{ limit time.Duration }

func (e timeoutError) Error() string   { return fmt.Sprintf("no response within %s", e.limit) }
func (e timeoutError) Timeout() bool   { return true }
func (e timeoutError) Temporary() bool { return true }

func (c timeLimited) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	mebibytes := time.Duration(max(r.ContentLength, 0) >> 20)
	limit := c.limit + mebibytes*c.limit/2
	timer := time.AfterFunc(limit, func() { cancel(timeoutError{limit}) })
	response, err := c.client.Do(r.WithContext(ctx))
	if err != nil {
		timer.Stop()
		err = withCause(ctx, err)
		cancel(nil)
		return nil, err
	}
	timer.Reset(c.limit)
	response.Body = &timeLimitedBody{response.Body, ctx, cancel, timer, c.limit}
	return response, nil
}

// withCause adds the timeoutError to err, if a timeout ended the attempt.
func withCause(ctx context.Context, err error) error {
	if timeout, ok := context.Cause(ctx).(timeoutError); ok {
		return fmt.Errorf("%w: %w", timeout, err)
	}
	return err
}

// timeLimitedBody restarts the attempt's timer each time that a part of the response arrives.
type timeLimitedBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func (b *timeLimitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		return n, withCause(b.ctx, err)
	}
	b.timer.Reset(b.limit)
	return n, err
}

func (b *timeLimitedBody) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
