package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Client sends events to the API of a pipeline. Create it with New. It is safe for concurrent use.
type Client struct {
	base   *url.URL
	o      Options
	http   *http.Client
	traced atomic.Bool // whether http supports httptrace
	signer *v4.Signer  // keeps the keys that it derives from the credentials
}

// TokenSource returns the token that authorizes a request. The client calls it for each attempt. A
// TokenSource should therefore cache a token until shortly before the token expires.
type TokenSource func(ctx context.Context) (string, error)

// Options configures a Client. The zero value sends uncompressed requests without authorization.
type Options struct {
	// Token returns the bearer token for an API that requires JSON Web Tokens. With Token, the URL
	// of the API must use https or have a loopback address.
	Token TokenSource
	// Credentials signs requests (SigV4) for an API with IAM authorization, the default of a
	// pipeline. Pass the field Credentials of an aws.Config. Token and Credentials must not both be
	// set.
	Credentials aws.CredentialsProvider
	// Region is the AWS region of the API. The default is the region in API Gateway's host name.
	// Set Region if Credentials is set and the API has a custom domain.
	Region string
	// Gzip compresses the bodies of requests.
	Gzip bool

	// MaxAttempts limits how often a request is sent. The default is 8; 1 means no retry.
	MaxAttempts int
	// MinBackoff is the wait before the first retry. Each later wait is twice as long. The client
	// shortens each wait at random, by at most one half. The default is 100 ms.
	MinBackoff time.Duration
	// MaxBackoff limits the client's own wait before a retry. The client adds the time in the
	// response's header Retry-After to this wait. The default is 10 s.
	MaxBackoff time.Duration

	// HTTPClient sends the requests. The default keeps up to 100 idle connections, and ends an
	// attempt after 35 s. The client never follows redirects.
	HTTPClient *http.Client
}

// executeAPI matches the host names of API Gateway in all AWS partitions. It captures the region.
var executeAPI = regexp.MustCompile(`\.execute-api\.([a-z0-9-]+)\.` +
	`(?:amazonaws\.(?:com|com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|` +
	`cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)

// New returns a client of the API at a URL, such as https://events.example.com. The stack output
// ApiUrl of a deployed pipeline holds the URL.
func New(apiURL string, o Options) (*Client, error) {
	base, err := url.Parse(apiURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("the API must be a URL such as http://127.0.0.1:8080, got %q",
			apiURL)
	}
	if region := executeAPI.FindStringSubmatch(base.Hostname()); region != nil {
		o.Region = region[1]
	}
	switch {
	case o.Token != nil && o.Credentials != nil:
		return nil, errors.New("the options Token and Credentials must not both be set: remove one")
	case o.Token != nil && base.Scheme != "https" && !isLoopback(base.Hostname()):
		return nil, fmt.Errorf("the API must be an https URL if a token is sent, got %s", apiURL)
	case o.Credentials != nil && o.Region == "":
		return nil, fmt.Errorf("the option Region must be set to sign requests to %s", apiURL)
	}
	return &Client{
		base: base, o: withDefaults(o), http: newHTTPClient(o.HTTPClient), signer: v4.NewSigner(),
	}, nil
}

func withDefaults(o Options) Options {
	if o.MaxAttempts <= 0 {
		o.MaxAttempts = 8
	}
	if o.MinBackoff <= 0 {
		o.MinBackoff = 100 * time.Millisecond
	}
	if o.MaxBackoff <= 0 {
		o.MaxBackoff = 10 * time.Second
	}
	return o
}

// attemptTimeout is longer than API Gateway's integration timeout of 30 seconds.
const attemptTimeout = 35 * time.Second

// newHTTPClient returns a copy of base that follows no redirect. A redirect could send credentials
// and events to another host. The API never redirects.
func newHTTPClient(base *http.Client) *http.Client {
	var c http.Client
	if base != nil {
		c = *base
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = transport.MaxIdleConns
		c.Transport = transport
	}
	if c.Timeout == 0 {
		c.Timeout = attemptTimeout
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Ping returns an error if the API does not answer. It sends one request, without authorization.
func (c *Client) Ping(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		c.base.JoinPath("health").String(), nil)
	if err != nil {
		return err
	}
	_, err = c.exchange(request)
	return err
}
