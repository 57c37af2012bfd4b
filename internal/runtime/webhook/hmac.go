package webhook

import (
	"cmp"
	"crypto/sha1" // some senders still sign with HMAC-SHA1, which is not broken
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"
)

// HMAC describes the signatures of a sender. All names of headers are in lower case.
type HMAC struct {
	Header    string    `json:"header"` // contains the signature
	Algorithm Algorithm `json:"algorithm,omitempty"`
	Encoding  Encoding  `json:"encoding,omitempty"`
	Prefix    string    `json:"prefix,omitempty"` // before the encoded signature, such as "sha256="

	TimestampHeader string `json:"timestampHeader,omitempty"`
	Tolerance       int    `json:"tolerance,omitempty"` // seconds; 0 means the default
	// SignedContent is the text that is signed, with the placeholders {timestamp}, {id} and {body}.
	SignedContent string `json:"signedContent,omitempty"`

	EventType         string `json:"eventType,omitempty"` // type of all events
	EventTypeHeader   string `json:"eventTypeHeader,omitempty"`
	EventTypePointer  string `json:"eventTypePointer,omitempty"`
	DeliveryIDHeader  string `json:"deliveryIdHeader,omitempty"`
	DeliveryIDPointer string `json:"deliveryIdPointer,omitempty"`

	list bool // the header contains a list of signatures
}

// Algorithm is the hash function of an HMAC.
type Algorithm string

// The algorithms. The default is SHA256.
const (
	SHA1   Algorithm = "sha1"
	SHA256 Algorithm = "sha256"
	SHA512 Algorithm = "sha512"
)

var hashes = map[Algorithm]func() hash.Hash{
	"": sha256.New, SHA1: sha1.New, SHA256: sha256.New, SHA512: sha512.New,
}

// Encoding is the encoding of a signature.
type Encoding string

// The encodings. The default is Hex.
const (
	Hex       Encoding = "hex"
	Base64    Encoding = "base64"
	Base64URL Encoding = "base64url" // without padding
)

const (
	defaultTolerance = 5 * time.Minute
	maxTolerance     = 60 * 60 // seconds
	maxCandidates    = 16      // signatures in a header; this limits the work per request
	bodyPlaceholder  = "{body}"
	timePlaceholder  = "{timestamp}"
	idPlaceholder    = "{id}"
)

// validate returns all errors of the options, joined.
func (h HMAC) validate() error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("Hmac."+format, args...))
		}
	}
	_, known := hashes[h.Algorithm]
	require(known, "Algorithm must be sha1, sha256 or sha512, got %q", h.Algorithm)
	switch h.Encoding {
	case "", Hex, Base64, Base64URL:
	default:
		require(false, "Encoding must be hex, base64 or base64url, got %q", h.Encoding)
	}
	require(headerPattern.MatchString(h.Header),
		"Header must be the name of a header in lower case, got %q", h.Header)
	for _, option := range [][2]string{
		{"TimestampHeader", h.TimestampHeader}, {"EventTypeHeader", h.EventTypeHeader},
		{"DeliveryIdHeader", h.DeliveryIDHeader},
	} {
		require(option[1] == "" || headerPattern.MatchString(option[1]),
			"%s must be the name of a header in lower case, got %q", option[0], option[1])
	}
	for _, option := range [][2]string{
		{"EventTypePointer", h.EventTypePointer}, {"DeliveryIdPointer", h.DeliveryIDPointer},
	} {
		require(option[1] == "" || option[1][0] == '/',
			"%s must be a JSON pointer, which begins with a slash, got %q", option[0], option[1])
	}
	content := h.signedContent()
	require(strings.Count(content, bodyPlaceholder) == 1,
		"SignedContent must contain {body} exactly once, got %q", content)
	signsTime := strings.Contains(content, timePlaceholder)
	require(signsTime == (h.TimestampHeader != ""), "SignedContent must contain {timestamp} if "+
		"TimestampHeader is set, and only then, got %q: only a signed timestamp protects from "+
		"repeated requests", content)
	require(!strings.Contains(content, idPlaceholder) || h.DeliveryIDHeader != "",
		"SignedContent must not contain {id} without DeliveryIdHeader, got %q", content)
	require(h.Tolerance >= 0 && h.Tolerance <= maxTolerance && (h.Tolerance == 0 || signsTime),
		"Tolerance must be from 1 to %d seconds, and needs TimestampHeader, got %d",
		maxTolerance, h.Tolerance)
	types := 0
	for _, text := range []string{h.EventType, h.EventTypeHeader, h.EventTypePointer} {
		types += min(len(text), 1)
	}
	require(types == 1, "EventType, EventTypeHeader and EventTypePointer: exactly one must be "+
		"set, got %d", types)
	require((h.DeliveryIDHeader == "") != (h.DeliveryIDPointer == ""),
		"DeliveryIdHeader and DeliveryIdPointer: exactly one must be set. Without a delivery id, "+
			"a repeated request becomes a second event")
	return errors.Join(errs...)
}

func (h HMAC) signedContent() string { return cmp.Or(h.SignedContent, bodyPlaceholder) }

func (h HMAC) signatureHeaders() []string { return []string{h.Header} }

func (h HMAC) key(secret string) ([]byte, error) { return textKey(secret) }

func (h HMAC) signature(headers map[string]string) (signature, error) {
	value, present := headers[h.Header]
	if !present {
		return signature{}, missingHeader(h.Header)
	}
	s := signature{hash: hashes[h.Algorithm], tolerance: defaultTolerance}
	if h.Tolerance > 0 {
		s.tolerance = time.Duration(h.Tolerance) * time.Second
	}
	var err error
	if s.candidates, err = h.candidates(value); err != nil {
		return signature{}, err
	}
	var timestamp, id string
	if h.TimestampHeader != "" {
		if timestamp, present = headers[h.TimestampHeader]; !present {
			return signature{}, missingHeader(h.TimestampHeader)
		}
		if s.at, err = parseTimestamp(timestamp); err != nil {
			return signature{}, err
		}
	}
	if strings.Contains(h.signedContent(), idPlaceholder) {
		if id = headers[h.DeliveryIDHeader]; id == "" {
			return signature{}, missingHeader(h.DeliveryIDHeader)
		}
	}
	s.before, s.after = h.textsAroundBody(timestamp, id)
	return s, nil
}

// textsAroundBody returns the two texts that are signed together with the body. The body follows
// the first text and precedes the second.
func (h HMAC) textsAroundBody(timestamp, id string) (before, after string) {
	before, after, _ = strings.Cut(h.signedContent(), bodyPlaceholder)
	fill := strings.NewReplacer(timePlaceholder, timestamp, idPlaceholder, id)
	return fill.Replace(before), fill.Replace(after)
}

// candidates decodes the signatures of a header. In a list, candidates skips each signature that
// does not begin with h.Prefix, because the sender can add signatures of other versions.
func (h HMAC) candidates(value string) ([][]byte, error) {
	texts := []string{value}
	if h.list {
		texts = strings.Split(value, " ")
	}
	var candidates [][]byte
	for _, text := range texts {
		encoded, ok := strings.CutPrefix(text, h.Prefix)
		if !ok && h.list && text != "" {
			continue
		}
		candidate, decoded := h.decode(encoded)
		if !ok || !decoded || len(candidate) != hashes[h.Algorithm]().Size() {
			return nil, malformedHeader(h.Header)
		}
		candidates = append(candidates, candidate)
	}
	if len(candidates) == 0 || len(candidates) > maxCandidates {
		return nil, malformedHeader(h.Header)
	}
	return candidates, nil
}

func (h HMAC) decode(text string) ([]byte, bool) {
	encoding := base64.StdEncoding.Strict()
	switch h.Encoding {
	case Base64:
	case Base64URL:
		encoding = base64.RawURLEncoding.Strict()
	default:
		return decodeHex(text)
	}
	if strings.ContainsAny(text, "\r\n") { // the decoder would ignore line breaks
		return nil, false
	}
	sum, err := encoding.DecodeString(text)
	return sum, err == nil
}

// decodeHex decodes hexadecimal text. All letters must be in lower case, or all in upper case.
func decodeHex(text string) ([]byte, bool) {
	if text != strings.ToLower(text) && text != strings.ToUpper(text) {
		return nil, false
	}
	sum, err := hex.DecodeString(text)
	return sum, err == nil
}

func (h HMAC) encode(sum []byte) string {
	switch h.Encoding {
	case Base64:
		return base64.StdEncoding.EncodeToString(sum)
	case Base64URL:
		return base64.RawURLEncoding.EncodeToString(sum)
	}
	return hex.EncodeToString(sum)
}

func (h HMAC) typeField() (header, pointer string) {
	return h.EventTypeHeader, h.EventTypePointer
}

func (h HMAC) eventType(headers map[string]string, payload Payload) string {
	switch {
	case h.EventTypeHeader != "":
		return headers[h.EventTypeHeader]
	case h.EventTypePointer != "":
		return payload.lookup(h.EventTypePointer)
	}
	return h.EventType
}

func (h HMAC) deliveryID(headers map[string]string, payload Payload) string {
	if h.DeliveryIDHeader != "" {
		return headers[h.DeliveryIDHeader]
	}
	return payload.lookup(h.DeliveryIDPointer)
}

func (h HMAC) sign(key []byte, d Delivery) map[string]string {
	headers := map[string]string{}
	timestamp := ""
	if h.TimestampHeader != "" {
		timestamp = strconv.FormatInt(d.At.Unix(), 10)
		headers[h.TimestampHeader] = timestamp
	}
	if h.DeliveryIDHeader != "" {
		headers[h.DeliveryIDHeader] = d.ID
	}
	if h.EventTypeHeader != "" {
		headers[h.EventTypeHeader] = d.Type
	}
	s := signature{hash: hashes[h.Algorithm]}
	s.before, s.after = h.textsAroundBody(timestamp, d.ID)
	headers[h.Header] = h.Prefix + h.encode(s.sum(key, d.Body))
	return headers
}

func missingHeader(name string) error { return reject("The header %s is missing.", name) }

func malformedHeader(name string) error {
	return reject("The header %s does not have the form that the source's scheme defines.", name)
}
