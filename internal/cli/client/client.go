// Package client calls the HTTP API of a pipeline, on the local platform or on AWS.
package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	jsonv2 "github.com/go-json-experiment/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
)

// Client calls a pipeline's API. Create it with New.
type Client struct {
	base   *url.URL
	http   *http.Client
	token  string
	region string
	creds  aws.CredentialsProvider // nil if requests are not signed
}

// Options configures a Client.
type Options struct {
	Connections int // maximum number of concurrent requests
	// Token is a JSON Web Token that authorizes each request. Requests with a token are not signed.
	Token string
	// Sign signs requests (SigV4) with the AWS credentials of the environment. Requests to API
	// Gateway are always signed.
	Sign bool
	// LocalRegion is the region of the local platform. If it is set, requests to a loopback address
	// are signed for that region with the credentials of the local platform.
	LocalRegion string
}

// executeAPI matches the host names of API Gateway. It captures the region, which a signature
// needs.
var executeAPI = regexp.MustCompile(`\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$`)

// requestTimeout is longer than API Gateway's integration timeout of 30 seconds.
const requestTimeout = 35 * time.Second

// New returns a client of the API at address.
func New(ctx context.Context, address string, o Options) (*Client, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("the API must be a URL such as http://127.0.0.1:8080, got %q",
			address)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = o.Connections
	c := &Client{base: base, token: o.Token, http: &http.Client{
		Transport: transport, Timeout: requestTimeout, CheckRedirect: refuseRedirect,
	}}
	if c.token != "" {
		if base.Scheme != "https" && !isLoopback(base.Hostname()) {
			return nil, fmt.Errorf(
				"the API must be an https URL if a token is sent, got %s", address)
		}
		return c, nil
	}
	if o.LocalRegion != "" && isLoopback(base.Hostname()) {
		c.region = o.LocalRegion
		c.creds = credentials.NewStaticCredentialsProvider("local", "local", "")
		return c, nil
	}
	region := executeAPI.FindStringSubmatch(base.Hostname())
	if region == nil && !o.Sign {
		return c, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", err)
	}
	c.region, c.creds = cfg.Region, cfg.Credentials
	if region != nil {
		c.region = region[1]
	}
	if c.region == "" {
		return nil, errors.New("the region of this API is unknown: set AWS_REGION to sign requests")
	}
	return c, nil
}

// refuseRedirect prevents the client from sending credentials to another host. The API itself never
// redirects.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// NotSentError reports that a request was not sent, so that the API can't have accepted it.
type NotSentError struct{ err error }

func (e *NotSentError) Error() string { return e.err.Error() }
func (e *NotSentError) Unwrap() error { return e.err }

// Send posts an event and returns its id. It returns a *Problem for an error response, and a
// *NotSentError if it could not send the request.
func (c *Client) Send(ctx context.Context, body []byte) (string, error) {
	answer, err := c.do(ctx, http.MethodPost, "events", body)
	if err != nil {
		return "", err
	}
	var accepted struct {
		EventID string `json:"eventId"`
	}
	if err := jsonv2.Unmarshal(answer, &accepted); err != nil || accepted.EventID == "" {
		return "", fmt.Errorf("%s is not an EventPipeline API: the answer has no eventId", c.base)
	}
	return accepted.EventID, nil
}

// Status returns the state of an event. It returns a *Problem for an error response.
func (c *Client) Status(ctx context.Context, eventID string) (handler.EventStatus, error) {
	answer, err := c.do(ctx, http.MethodGet, "events/"+url.PathEscape(eventID), nil)
	if err != nil {
		return handler.EventStatus{}, err
	}
	var status handler.EventStatus
	if err := jsonv2.Unmarshal(answer, &status); err != nil {
		return status, fmt.Errorf("%s is not an EventPipeline API: read the status: %w",
			c.base, err)
	}
	return status, nil
}

// maxAnswer limits how many bytes of an answer are read. Answers of the API are shorter than a
// kilobyte.
const maxAnswer = 1 << 20

func (c *Client) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	target := c.base.JoinPath(path).String()
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, &NotSentError{err}
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if err := c.authorize(ctx, request, body); err != nil {
		return nil, &NotSentError{err}
	}
	connected := false
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }}
	response, err := c.http.Do(request.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil && !connected {
		return nil, &NotSentError{err}
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", target, err)
	}
	if response.StatusCode >= 300 {
		return nil, newProblem(response, answer)
	}
	return answer, nil
}

func (c *Client) authorize(ctx context.Context, request *http.Request, body []byte) error {
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
		return nil
	}
	if c.creds == nil {
		return nil
	}
	creds, err := c.creds.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("get AWS credentials to sign the request: %w", err)
	}
	sum := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(ctx, creds, request, hex.EncodeToString(sum[:]),
		"execute-api", c.region, time.Now())
}
