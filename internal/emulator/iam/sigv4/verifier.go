// Package sigv4 checks requests that are signed with AWS credentials, Signature Version 4, in the header or in the query.
package sigv4

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Verifier checks the signatures of requests to a service.
type Verifier struct {
	Service string // such as execute-api
	Region  string
	Secrets map[string]string // secret access key by access key id
	Now     func() time.Time
}

// maxSkew is how far the signer's clock and this one may be apart.
const maxSkew = 5 * time.Minute

// Verify returns the access key that the request is signed with. Its errors say what is wrong for the one who runs the
// service; they repeat nothing of the request.
func (v Verifier) Verify(r *http.Request, body []byte) (accessKey string, err error) {
	target, err := url.ParseRequestURI(r.RequestURI) // as it was sent: handlers before may have changed r.URL
	if err != nil {
		return "", errors.New("the request's target is malformed")
	}
	s, err := signatureOf(r, target)
	if err != nil {
		return "", err
	}
	if err := s.checkTime(v.Now()); err != nil {
		return "", err
	}
	if s.region != v.Region || s.service != v.Service {
		return "", fmt.Errorf("the signature is for another region or service than %s and %s", v.Region, v.Service)
	}
	secret, ok := v.Secrets[s.accessKey]
	if !ok {
		return "", errors.New("the access key is unknown")
	}
	signed, err := s.signedPart(r, target)
	if err != nil {
		return "", err
	}
	want, err := v.sign(s, signed, aws.Credentials{AccessKeyID: s.accessKey, SecretAccessKey: secret}, body)
	if err != nil {
		return "", err
	}
	if !hmac.Equal([]byte(want), []byte(s.value)) {
		return "", errors.New("the signature does not match: another secret key, or the request was changed after it was signed")
	}
	return s.accessKey, nil
}

// signedPart is the request as far as the signature covers it.
func (s signature) signedPart(r *http.Request, target *url.URL) (*http.Request, error) {
	if !slices.Contains(s.headers, "host") {
		return nil, errors.New("the signature does not cover the header host")
	}
	part := &http.Request{Method: r.Method, URL: target, Host: r.Host, Header: http.Header{}}
	part.URL.Scheme, part.URL.Host = "https", r.Host
	for _, name := range s.headers {
		values := r.Header.Values(name)
		switch {
		case name == "host":
		case name == "content-length":
			part.ContentLength = r.ContentLength
		case slices.Contains(unchecked, name):
			return nil, fmt.Errorf("the signature covers the header %s, which can't be checked here", name)
		case len(values) == 0:
			return nil, errors.New("the signature covers a header that is not there")
		default:
			part.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(s.headers, name) {
			return nil, errors.New("the signature does not cover every header that begins with x-amz-")
		}
	}
	return part, nil
}

// unchecked are the headers that the SDK's signer never signs, since proxies change them.
var unchecked = []string{"authorization", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"}

// sign computes the signature that the request should have.
func (v Verifier) sign(s signature, r *http.Request, credentials aws.Credentials, body []byte) (string, error) {
	sum := sha256.Sum256(body)
	hash, signer := hex.EncodeToString(sum[:]), v4.NewSigner()
	if !s.inQuery {
		if err := signer.SignHTTP(context.Background(), credentials, r, hash, v.Service, v.Region, s.at); err != nil {
			return "", fmt.Errorf("compute the signature: %w", err)
		}
		computed, err := parseHeader(r.Header.Get("Authorization"))
		return computed.value, err
	}
	query := r.URL.Query()
	query.Del("X-Amz-Signature")
	r.URL.RawQuery = query.Encode()
	presigned, _, err := signer.PresignHTTP(context.Background(), credentials, r, hash, v.Service, v.Region, s.at,
		func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
	if err != nil {
		return "", fmt.Errorf("compute the signature: %w", err)
	}
	computed, err := url.Parse(presigned)
	if err != nil {
		return "", fmt.Errorf("compute the signature: %w", err)
	}
	return computed.Query().Get("X-Amz-Signature"), nil
}
