// Package sigv4 verifies requests that are signed with AWS Signature Version 4. The signature is in
// the Authorization header or in the query.
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

// Verifier verifies the signatures of requests to a service.
type Verifier struct {
	Service string // such as execute-api
	Region  string
	Secrets map[string]string // secret access keys by access key id
	Now     func() time.Time
}

// maxSkew is the maximum difference between the signer's clock and the local clock, as in AWS.
const maxSkew = 5 * time.Minute

// Verify checks the signature of a request and returns the id of the access key. Its errors are for
// the service's operator and contain no part of the request.
func (v Verifier) Verify(r *http.Request, body []byte) (accessKey string, err error) {
	target, err := url.ParseRequestURI(r.RequestURI) // not r.URL, which handlers can change
	if err != nil {
		return "", errors.New("the URL of the request is malformed")
	}
	s, err := findSignature(r, target)
	if err != nil {
		return "", err
	}
	if err := s.checkTime(v.Now()); err != nil {
		return "", err
	}
	if s.region != v.Region || s.service != v.Service {
		return "", fmt.Errorf("the signature must be for region %s and service %s", v.Region,
			v.Service)
	}
	secret, ok := v.Secrets[s.accessKey]
	if !ok {
		return "", errors.New("unknown access key")
	}
	signed, err := s.signedPart(r, target)
	if err != nil {
		return "", err
	}
	credentials := aws.Credentials{AccessKeyID: s.accessKey, SecretAccessKey: secret}
	want, err := v.sign(s, signed, credentials, body)
	if err != nil {
		return "", err
	}
	if !hmac.Equal([]byte(want), []byte(s.value)) {
		return "", errors.New("the signature does not match: " +
			"the secret key is wrong, or the request was changed after it was signed")
	}
	return s.accessKey, nil
}

// signedPart returns the part of the request that the signature covers.
func (s signature) signedPart(r *http.Request, target *url.URL) (*http.Request, error) {
	if !slices.Contains(s.headers, "host") {
		return nil, errors.New("the signature must cover the header host")
	}
	part := &http.Request{Method: r.Method, URL: target, Host: r.Host, Header: http.Header{}}
	part.URL.Scheme, part.URL.Host = "https", r.Host
	for _, name := range s.headers {
		values := r.Header.Values(name)
		switch {
		case name == "host":
		case name == "content-length":
			part.ContentLength = r.ContentLength
		case slices.Contains(unsigned, name):
			return nil, fmt.Errorf("the signature must not cover the header %s", name)
		case len(values) == 0:
			return nil, errors.New("the signature covers a header that the request does not have")
		default:
			part.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(s.headers, name) {
			return nil, errors.New("the signature must cover every x-amz- header")
		}
	}
	return part, nil
}

// unsigned lists the headers that the SDK never signs, because proxies change them.
var unsigned = []string{
	"authorization", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
}

// sign computes the signature that the request must have.
func (v Verifier) sign(
	s signature, r *http.Request, credentials aws.Credentials, body []byte,
) (string, error) {
	sum := sha256.Sum256(body)
	hash, signer, ctx := hex.EncodeToString(sum[:]), v4.NewSigner(), context.Background()
	if !s.inQuery {
		err := signer.SignHTTP(ctx, credentials, r, hash, v.Service, v.Region, s.time)
		if err != nil {
			return "", fmt.Errorf("compute the signature: %w", err)
		}
		computed, err := parseHeader(r.Header.Get("Authorization"))
		return computed.value, err
	}
	query := r.URL.Query()
	query.Del("X-Amz-Signature")
	r.URL.RawQuery = query.Encode()
	presigned, _, err := signer.PresignHTTP(ctx, credentials, r, hash, v.Service, v.Region, s.time,
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
