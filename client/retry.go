package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// SendError reports that a request failed. Unwrap returns the error of the last attempt, which is a
// *Problem if the API answered.
type SendError struct {
	Attempts int
	// MayBeAccepted reports that the API possibly accepted the events, because an attempt got no
	// response or a 5xx. It is safe to send the same events again with the same idempotency key.
	MayBeAccepted bool
	Err           error
}

func (e *SendError) Error() string {
	if e.Attempts < 2 {
		return e.Err.Error()
	}
	return fmt.Sprintf("%v (after %d attempts)", e.Err, e.Attempts)
}

func (e *SendError) Unwrap() error { return e.Err }

// do sends a call, and retries it after a temporary error. It stops after MaxAttempts attempts, or
// when ctx ends.
func (c *Client) do(ctx context.Context, call call) (response, error) {
	failure := &SendError{}
	for {
		got, sent, err := c.attempt(ctx, call)
		if err == nil {
			return got, nil
		}
		failure.Attempts++
		failure.MayBeAccepted = failure.MayBeAccepted || sent && mayBeAccepted(err)
		failure.Err = err
		if failure.Attempts >= c.o.MaxAttempts || !mayPass(err) ||
			!wait(ctx, c.backoff(failure.Attempts, err)) {
			if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
				failure.Err = fmt.Errorf("%w after %w", cause, err)
			}
			return response{}, failure
		}
	}
}

// mayBeAccepted reports whether the API possibly accepted a request that failed with err.
func mayBeAccepted(err error) bool {
	var problem *Problem
	return !errors.As(err, &problem) || problem.Status >= http.StatusInternalServerError
}

// backoff returns how long to wait before the next attempt. The last attempt failed with err.
func (c *Client) backoff(attempt int, err error) time.Duration {
	delay := c.o.MaxBackoff
	if shift := attempt - 1; shift < 30 && c.o.MinBackoff < c.o.MaxBackoff>>shift {
		delay = c.o.MinBackoff << shift
	}
	delay -= rand.N(delay/2 + 1)
	var problem *Problem
	if errors.As(err, &problem) {
		delay += problem.RetryAfter // delay is random, so clients do not return together
	}
	return delay
}

// wait waits for a delay and returns true. It returns false if ctx ends first. If the deadline of
// ctx is earlier than the end of the delay, it does not wait.
func wait(ctx context.Context, delay time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < delay {
		return false
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
