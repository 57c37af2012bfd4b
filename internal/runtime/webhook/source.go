package webhook

import (
	"errors"
	"fmt"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/lazyregexp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// Source describes the sender of webhooks: how it signs requests, and how a request becomes an
// event.
//
// The JSON names are short, because the JSON of all sources must fit in an environment variable.
type Source struct {
	Name     string   `json:"name"`
	Scheme   Scheme   `json:"scheme"`
	SecretID string   `json:"secret"`            // ARN of the secret in Secrets Manager
	Prefix   string   `json:"prefix,omitempty"`  // first part of the event types
	Headers  []string `json:"headers,omitempty"` // headers that are kept, in lower case
	MaxBytes int      `json:"maxBytes,omitempty"`
	Forms    bool     `json:"forms,omitempty"` // accept bodies that are HTML forms
	Pings    bool     `json:"pings,omitempty"` // GitHub's ping becomes an event
	HMAC     *HMAC    `json:"hmac,omitempty"`  // set if and only if Scheme is Generic
}

// Scheme identifies how a sender signs requests.
type Scheme string

// The schemes.
const (
	GitHub   Scheme = "github"
	Stripe   Scheme = "stripe"
	Slack    Scheme = "slack"
	Shopify  Scheme = "shopify"
	Standard Scheme = "standard" // Standard Webhooks, https://www.standardwebhooks.com
	Generic  Scheme = "hmac"
)

// namePattern matches the name of a source. This name is a segment of the route's path.
var namePattern = lazyregexp.New(`^[a-z][a-z0-9-]{0,31}$`)

// headerPattern matches the name of a header, in lower case.
var headerPattern = lazyregexp.New(`^[a-z0-9!#$%&'*+.^_|~-]{1,64}$`)

// prefixPattern matches the first part of event types, without the period that follows.
var prefixPattern = lazyregexp.New(`^[A-Za-z][A-Za-z0-9._-]{0,31}$`)

// ValidName reports whether a source may have the name.
func ValidName(name string) bool { return namePattern.MatchString(name) }

// Validate returns all errors of a source's options, joined. The text of each error begins with the
// name of the option.
func (s Source) Validate() error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	require(ValidName(s.Name), "Name must match %s, got %q: the name is a part of the URL",
		namePattern, s.Name)
	require(s.Prefix == "" || s.Prefix == s.Name || prefixPattern.MatchString(s.Prefix),
		"TypePrefix must match %s, got %q: event types begin with it", prefixPattern, s.Prefix)
	for _, header := range s.Headers {
		require(headerPattern.MatchString(header),
			"Headers must contain names of headers in lower case, got %q", header)
		require(!slices.Contains(s.signatureHeaders(), header) && !secretHeaders[header],
			"Headers must not contain %q: its value is a credential", header)
	}
	require(!s.Pings || s.Scheme == GitHub, "Pings must not be true: only GitHub sends pings")
	if s.Scheme == Generic {
		require(s.HMAC != nil, "Hmac is required")
		if s.HMAC != nil {
			errs = append(errs, s.HMAC.validate())
		}
	}
	_, known := schemes[s.Scheme]
	require(known || s.Scheme == Generic, "Scheme must be a known scheme, got %q", s.Scheme)
	return errors.Join(errs...)
}

// secretHeaders lists headers that must not be stored with an event.
var secretHeaders = map[string]bool{
	"authorization": true, "cookie": true, "proxy-authorization": true,
	"x-amz-security-token": true,
}

// signatureHeaders returns the headers that contain signatures.
func (s Source) signatureHeaders() []string {
	if scheme := s.scheme(); scheme != nil {
		return scheme.signatureHeaders()
	}
	return nil
}

// KeptHeaders returns the headers of a request that the source keeps with the event.
func (s Source) KeptHeaders(headers map[string]string) map[string]string {
	var kept map[string]string
	for _, name := range s.Headers {
		value, present := headers[name]
		if !present {
			continue
		}
		if kept == nil {
			kept = make(map[string]string, len(s.Headers))
		}
		kept[name] = terminal.Blank(value)
	}
	return kept
}
