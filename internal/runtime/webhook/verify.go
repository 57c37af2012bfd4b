package webhook

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"
)

// Rejection describes why a request has no valid signature. It contains no text of the request.
type Rejection struct{ text string }

func (r *Rejection) Error() string { return r.text }

func reject(format string, args ...any) error { return &Rejection{fmt.Sprintf(format, args...)} }

// ErrMismatch reports that the request's signature matches none of the secrets. If the secret has
// changed since its last read, Secrets.Renew returns the new values.
var ErrMismatch error = &Rejection{"The signature does not match the body and the secret."}

// ErrUnusable reports that none of the secret's values can be a key of the scheme.
var ErrUnusable = errors.New("the secret must be plain text that is neither empty nor JSON; " +
	"for Standard Webhooks, it must be base64 after the prefix whsec_")

// CheckHeaders returns a *Rejection if a signature is missing or malformed, or if its timestamp is
// too old or too new. It needs no secret.
func (s Source) CheckHeaders(headers map[string]string, now time.Time) error {
	_, err := s.signature(headers, now)
	return err
}

// signature reads the signature of a request, and checks its timestamp.
func (s Source) signature(headers map[string]string, now time.Time) (signature, error) {
	read, err := s.scheme().signature(headers)
	if err != nil {
		return signature{}, err
	}
	if age := now.Sub(read.at); !read.at.IsZero() && age.Abs() > read.tolerance {
		return signature{}, reject("The timestamp must be within %s of the current time.",
			read.tolerance)
	}
	return read, nil
}

// Verify returns nil if the request's signature matches one of the secrets. It returns a *Rejection
// if the signature is missing, malformed, too old, too new or wrong.
//
// It compares in constant time. The names of the headers must be in lower case.
func (s Source) Verify(
	headers map[string]string, body []byte, secrets []string, now time.Time,
) error {
	signature, err := s.signature(headers, now)
	if err != nil {
		return err
	}
	scheme := s.scheme()
	usable, matches := 0, false
	for _, secret := range secrets {
		key, err := scheme.key(secret)
		if err != nil {
			continue
		}
		usable++
		sum := signature.sum(key, body)
		for _, candidate := range signature.candidates {
			if hmac.Equal(sum, candidate) {
				matches = true
			}
		}
	}
	switch {
	case matches:
		return nil
	case len(secrets) == 0: // Secrets.Renew found that the secret was deleted
		return fmt.Errorf("verify a request to %s: %w", s.Name, ErrDeleted)
	case usable == 0:
		return fmt.Errorf("verify a request to %s: %w", s.Name, ErrUnusable)
	}
	return ErrMismatch
}

// signature holds the signature in a request's headers, and the parameters for its verification.
type signature struct {
	candidates    [][]byte // one of them must match
	before, after string   // signed text around the body
	at            time.Time
	tolerance     time.Duration
	hash          func() hash.Hash
}

// sum returns the HMAC of the signed text, which consists of s.before, the body and s.after.
func (s signature) sum(key, body []byte) []byte {
	mac := hmac.New(s.hash, key)
	mac.Write([]byte(s.before))
	mac.Write(body)
	mac.Write([]byte(s.after))
	return mac.Sum(nil)
}

// maxTimestampDigits is the maximum number of digits of a timestamp. A time in milliseconds since
// the epoch has 13 digits until the year 2286.
const maxTimestampDigits = 13

// parseTimestamp parses a timestamp in milliseconds since the epoch if it has 13 digits, and in
// seconds otherwise.
func parseTimestamp(text string) (time.Time, error) {
	malformed := reject("The timestamp must be the seconds since 1970.")
	if len(text) == 0 || len(text) > maxTimestampDigits || strings.Trim(text, "0123456789") != "" {
		return time.Time{}, malformed
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, malformed
	}
	if len(text) == maxTimestampDigits {
		return time.UnixMilli(n), nil
	}
	return time.Unix(n, 0), nil
}
