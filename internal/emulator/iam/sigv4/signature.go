package sigv4

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	// maxExpiry is SigV4's limit for presigned requests: seven days.
	maxExpiry = 7 * 24 * time.Hour
)

// signature is what a request says of its own.
type signature struct {
	accessKey, date, region, service string
	headers                          []string // that it covers, in lower case
	value                            string
	at                               time.Time
	inQuery                          bool
	expiry                           time.Duration // of one in the query, counted from at
}

// signatureOf finds the request's signature: in the header Authorization or in the query, never in both.
func signatureOf(r *http.Request, target *url.URL) (signature, error) {
	query, err := url.ParseQuery(target.RawQuery)
	if err != nil {
		return signature{}, errors.New("the query is malformed, so no signature can cover it")
	}
	header := r.Header.Values("Authorization")
	if r.Header.Get("X-Amz-Security-Token") != "" || query.Has("X-Amz-Security-Token") {
		return signature{}, errors.New("the credentials have a session token; the local ones have none")
	}
	switch {
	case len(header) == 1 && !query.Has("X-Amz-Signature"):
		return fromHeader(header[0], r.Header)
	case len(header) == 0 && query.Has("X-Amz-Signature"):
		return fromQuery(query)
	case len(header) == 0:
		return signature{}, errors.New("the request is not signed")
	}
	return signature{}, errors.New("the request has more than one signature")
}

func fromHeader(authorization string, h http.Header) (signature, error) {
	s, err := parseHeader(authorization)
	if err != nil {
		return signature{}, err
	}
	dates := h.Values("X-Amz-Date")
	if len(dates) != 1 {
		return signature{}, errors.New("the request needs one header x-amz-date")
	}
	return s.signedAt(dates[0])
}

// parseHeader reads AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=A;B, Signature=HEX.
func parseHeader(authorization string) (signature, error) {
	rest, ok := strings.CutPrefix(authorization, algorithm+" ")
	if !ok {
		return signature{}, errors.New("the header Authorization is no signature of the kind " + algorithm)
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	return newSignature(fields["Credential"], fields["SignedHeaders"], fields["Signature"])
}

func fromQuery(query url.Values) (signature, error) {
	for _, name := range []string{"Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"} {
		if len(query["X-Amz-"+name]) != 1 {
			return signature{}, errors.New("a signature in the query needs each of its parameters once")
		}
	}
	if query.Get("X-Amz-Algorithm") != algorithm {
		return signature{}, errors.New("the signature in the query is not of the kind " + algorithm)
	}
	s, err := newSignature(query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders"), query.Get("X-Amz-Signature"))
	if err != nil {
		return signature{}, err
	}
	expires, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || expires < 1 || expires > int(maxExpiry/time.Second) {
		return signature{}, errors.New("X-Amz-Expires is not from a second to seven days")
	}
	s.inQuery, s.expiry = true, time.Duration(expires)*time.Second
	return s.signedAt(query.Get("X-Amz-Date"))
}

func (s signature) signedAt(text string) (signature, error) {
	at, err := time.Parse(timeFormat, text)
	if err != nil {
		return signature{}, errors.New("the signature's time is malformed")
	}
	s.at = at
	return s, nil
}

func newSignature(credential, headers, value string) (signature, error) {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || headers == "" || value == "" {
		return signature{}, errors.New("the signature is malformed")
	}
	return signature{
		accessKey: scope[0], date: scope[1], region: scope[2], service: scope[3], headers: strings.Split(headers, ";"), value: value,
	}, nil
}

// checkTime refuses what was signed too long ago, so that a request that was listened to can't be sent again later.
func (s signature) checkTime(now time.Time) error {
	if s.date != s.at.Format("20060102") {
		return errors.New("the signature's date is not that of its time")
	}
	validFor := maxSkew
	if s.inQuery {
		validFor = s.expiry
	}
	if now.After(s.at.Add(validFor)) {
		return errors.New("the signature has expired: it was made too long ago, or a clock is wrong")
	}
	if s.at.After(now.Add(maxSkew)) {
		return errors.New("the signature is of the future: a clock is wrong")
	}
	return nil
}
