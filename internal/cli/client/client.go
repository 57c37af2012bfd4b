// Package client calls the HTTP API of a pipeline, the local platform's and a deployed stack's alike.
package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
)

// Client is a pipeline's API. Make it with New.
type Client struct {
	base   *url.URL
	http   *http.Client
	token  string
	sign   bool
	region string
	creds  aws.CredentialsProvider
}

// Options say how a client calls.
type Options struct {
	Connections int    // how many requests may be under way at once
	Token       string // a JSON Web Token that each request bears; none is signed then
	Sign        bool   // sign requests (SigV4) with the AWS credentials of the environment; those to API Gateway always are
	Local       string // the region of a local platform, whose own credentials sign requests
}

// execute-api hosts name the region that a signature is for.
var executeAPI = regexp.MustCompile(`\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$`)

// New is the API at address.
func New(ctx context.Context, address string, o Options) (*Client, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("%q is not the URL of an API, such as http://127.0.0.1:8080", address)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = o.Connections
	c := &Client{base: base, token: o.Token, http: &http.Client{Transport: transport, Timeout: 35 * time.Second, CheckRedirect: stay}}
	if c.token != "" {
		if base.Scheme != "https" && !loopback(base.Hostname()) {
			return nil, fmt.Errorf("%s is not https: whoever listens would have the token", address)
		}
		return c, nil
	}
	if o.Local != "" && loopback(base.Hostname()) {
		c.sign, c.region, c.creds = true, o.Local, credentials.NewStaticCredentialsProvider("local", "local", "")
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
	c.sign, c.region, c.creds = true, cfg.Region, cfg.Credentials
	if region != nil {
		c.region = region[1]
	}
	if c.region == "" {
		return nil, errors.New("to sign requests to this API its region must be known: set AWS_REGION")
	}
	return c, nil
}

// stay follows no redirect: the API gives none, and what a request is authorized with is not for others.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send posts an event and returns its id. *Problem: the API's answer was another.
func (c *Client) Send(ctx context.Context, body []byte) (string, error) {
	answer, err := c.do(ctx, http.MethodPost, "events", body)
	if err != nil {
		return "", err
	}
	var accepted struct {
		EventID string `json:"eventId"`
	}
	if err := json.Unmarshal(answer, &accepted); err != nil || accepted.EventID == "" {
		return "", fmt.Errorf("%s answered something else than an EventPipeline API does", c.base)
	}
	return accepted.EventID, nil
}

// Status returns what the API tells of an event. *Problem: the API's answer was another.
func (c *Client) Status(ctx context.Context, eventID string) (handler.EventStatus, error) {
	answer, err := c.do(ctx, http.MethodGet, "events/"+url.PathEscape(eventID), nil)
	if err != nil {
		return handler.EventStatus{}, err
	}
	var status handler.EventStatus
	if err := json.Unmarshal(answer, &status); err != nil {
		return handler.EventStatus{}, fmt.Errorf("%s answered something else than an EventPipeline API does: %w", c.base, err)
	}
	return status, nil
}

// maxAnswer bounds what is read of an answer; a real one has less than a kilobyte.
const maxAnswer = 1 << 20

func (c *Client) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	target := c.base.JoinPath(path).String()
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if err := c.authorize(ctx, request, body); err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", target, err)
	}
	if response.StatusCode >= 300 {
		return nil, problemOf(response, answer)
	}
	return answer, nil
}

func (c *Client) authorize(ctx context.Context, request *http.Request, body []byte) error {
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
		return nil
	}
	if !c.sign {
		return nil
	}
	creds, err := c.creds.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("this API wants signed requests, but there are no AWS credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(ctx, creds, request, hex.EncodeToString(sum[:]), "execute-api", c.region, time.Now())
}
