package webhook

import (
	"encoding/base64"
	"maps"
	"strings"
)

// standardSignature signs the delivery id, the timestamp and the body. The header contains a list
// of signatures, separated by spaces.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
var standardSignature = HMAC{
	Header:           "webhook-signature",
	Encoding:         Base64,
	Prefix:           "v1,",
	TimestampHeader:  "webhook-timestamp",
	SignedContent:    "{id}.{timestamp}.{body}",
	EventTypePointer: "/type",
	DeliveryIDHeader: "webhook-id",
	list:             true,
}

type standard struct{ HMAC }

// Prefixes of the names of the headers.
const (
	standardPrefix = "webhook-"
	svixPrefix     = "svix-" // in the headers that Svix sends
)

func (s standard) signatureHeaders() []string { return []string{s.Header, "svix-signature"} }

func (s standard) signature(headers map[string]string) (signature, error) {
	return s.HMAC.signature(standardNames(headers))
}

func (s standard) deliveryID(headers map[string]string, payload Payload) string {
	return s.HMAC.deliveryID(standardNames(headers), payload)
}

// standardNames returns the headers with the standard's names in place of Svix's names. If the
// headers already contain a signature of the standard, it returns them unchanged.
func standardNames(headers map[string]string) map[string]string {
	if _, present := headers[standardSignature.Header]; present {
		return headers
	}
	renamed := maps.Clone(headers)
	for _, name := range []string{"id", "timestamp", "signature"} {
		delete(renamed, standardPrefix+name)
		if value, present := headers[svixPrefix+name]; present {
			renamed[standardPrefix+name] = value
		}
	}
	return renamed
}

// SecretPrefix is the first part of a Standard Webhooks secret. The rest is base64.
const SecretPrefix = "whsec_"

func (standard) key(secret string) ([]byte, error) {
	text := strings.TrimPrefix(strings.TrimSpace(secret), SecretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) == 0 {
		return nil, ErrUnusable
	}
	return key, nil
}
