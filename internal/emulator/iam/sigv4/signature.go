package sigv4

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	// maxExpiry is the maximum lifetime of a presigned request, as in AWS.
	maxExpiry = 7 * 24 * time.Hour
)

// signature holds the signature of a request and the parameters of the signature.
type signature struct {
	accessKey, date, region, service string
	headers                          []string // signed headers, in lower case
	value                            string
	time                             time.Time
	inQuery                          bool
	expiry                           time.Duration // lifetime of a signature in the query
}

// findSignature returns the signature in the Authorization header or in the query. It returns an
// error if both contain a signature.
func findSignature(r *http.Request, target *url.URL) (signature, error) {
	query, err := url.ParseQuery(target.RawQuery)
	if err != nil {
		return signature{}, fmt.Errorf("the request has a malformed query: %w", err)
	}
	header := r.Header.Values("Authorization")
	if r.Header.Get("X-Amz-Security-Token") != "" || query.Has("X-Amz-Security-Token") {
		return signature{}, errors.New("local credentials must not have a session token")
	}
	switch {
	case len(header) == 1 && !query.Has("X-Amz-Signature"):
		return fromHeader(header[0], r.Header)
	case len(header) == 0 && query.Has("X-Amz-Signature"):
		return fromQuery(query)
	case len(header) == 0:
		return signature{}, errors.New("the request is not signed")
	}
	return signature{}, errors.New("the request must have one signature, got several")
}

func fromHeader(authorization string, h http.Header) (signature, error) {
	s, err := parseHeader(authorization)
	if err != nil {
		return signature{}, err
	}
	dates := h.Values("X-Amz-Date")
	if len(dates) != 1 {
		return signature{}, errors.New("the request must have one header x-amz-date")
	}
	return s.signedAt(dates[0])
}

// parseHeader parses a header of the form "AWS4-HMAC-SHA256
// Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=A;B, Signature=HEX".
func parseHeader(authorization string) (signature, error) {
	rest, ok := strings.CutPrefix(authorization, algorithm+" ")
	if !ok {
		return signature{}, errors.New("the header Authorization must begin with " + algorithm)
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	return newSignature(fields["Credential"], fields["SignedHeaders"], fields["Signature"])
}

func fromQuery(query url.Values) (signature, error) {
	parameters := []string{"Algorithm", "Credential", "Date", "Expires", "SignedHeaders",
		"Signature"}
	for _, name := range parameters {
		if len(query["X-Amz-"+name]) != 1 {
			return signature{}, fmt.Errorf("the query must have one parameter X-Amz-%s", name)
		}
	}
	if query.Get("X-Amz-Algorithm") != algorithm {
		return signature{}, errors.New("X-Amz-Algorithm must be " + algorithm)
	}
	s, err := newSignature(query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders"),
		query.Get("X-Amz-Signature"))
	if err != nil {
		return signature{}, err
	}
	expires, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || expires < 1 || expires > int(maxExpiry/time.Second) {
		return signature{}, errors.New("X-Amz-Expires must be from 1 to 604800 seconds")
	}
	s.inQuery, s.expiry = true, time.Duration(expires)*time.Second
	return s.signedAt(query.Get("X-Amz-Date"))
}

func (s signature) signedAt(text string) (signature, error) {
	var err error
	if s.time, err = time.Parse(timeFormat, text); err != nil {
		return signature{}, errors.New("the signature's time must have the form YYYYMMDDThhmmssZ")
	}
	return s, nil
}

func newSignature(credential, headers, value string) (signature, error) {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || headers == "" || value == "" {
		return signature{}, errors.New("the signature is malformed: " +
			"want Credential, SignedHeaders and Signature")
	}
	return signature{
		accessKey: scope[0], date: scope[1], region: scope[2], service: scope[3],
		headers: strings.Split(headers, ";"), value: value,
	}, nil
}

// checkTime rejects an expired signature, so that a recorded request cannot be sent again later. It
// also rejects a signature from the future.
func (s signature) checkTime(now time.Time) error {
	if s.date != s.time.Format("20060102") {
		return errors.New("the signature's credential scope and time must have the same date")
	}
	validFor := maxSkew
	if s.inQuery {
		validFor = s.expiry
	}
	if now.After(s.time.Add(validFor)) {
		return errors.New("the signature has expired, or a clock is wrong")
	}
	if s.time.After(now.Add(maxSkew)) {
		return errors.New("the signature's time is in the future: a clock is wrong")
	}
	return nil
}
