package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// call represents a request that can be sent several times.
type call struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
}

// response represents a 2xx response of the API.
type response struct {
	body      []byte
	duplicate bool // the API had accepted the idempotency key before
}

// attempt sends a call once. The result sent reports whether the API possibly received the request.
func (c *Client) attempt(ctx context.Context, call call) (got response, sent bool, err error) {
	if err := context.Cause(ctx); err != nil {
		return response{}, false, &localError{err}
	}
	asked, connected := false, false
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { asked = true; c.traced.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected = true },
	}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), call.method,
		call.url.String(), bytes.NewReader(call.body))
	if err != nil {
		return response{}, false, &localError{err}
	}
	request.Header = call.header.Clone()
	if err := c.authorize(ctx, request, call.body); err != nil {
		return response{}, false, &localError{err}
	}
	got, err = c.exchange(request)
	// An HTTPClient can ignore httptrace. The request then counts as sent.
	return got, connected || !asked && !c.traced.Load(), err
}

// localError reports that a request could not be made. A retry does not help.
type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }

func (c *Client) authorize(ctx context.Context, request *http.Request, body []byte) error {
	if c.o.Token != nil {
		token, err := c.o.Token(ctx)
		if err != nil {
			return fmt.Errorf("get a token for the request: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if c.o.Credentials != nil {
		credentials, err := c.o.Credentials.Retrieve(ctx)
		if err != nil {
			return fmt.Errorf("get AWS credentials to sign the request: %w", err)
		}
		sum := sha256.Sum256(body)
		return c.signer.SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]),
			"execute-api", c.o.Region, time.Now())
	}
	return nil
}

// maxResponse limits how many bytes of a response are read. Lambda limits responses to 6 MB.
const maxResponse = 8 << 20

// exchange sends a request and reads the response. It returns a *Problem for an error response.
func (c *Client) exchange(request *http.Request) (response, error) {
	resp, err := c.http.Do(request)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	if err != nil {
		return response{}, fmt.Errorf("read the response of %s: %w", request.URL, err)
	}
	if resp.StatusCode >= 300 {
		return response{}, newProblem(resp, body)
	}
	duplicate := resp.Header.Get(contract.IdempotencyReplayedHeader) == "true"
	return response{body, duplicate}, nil
}

// mayPass reports whether it is useful to retry a request that failed with err.
func mayPass(err error) bool {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem.temporary()
	}
	var local *localError
	var certificate *tls.CertificateVerificationError
	return !errors.As(err, &local) && !errors.As(err, &certificate)
}
