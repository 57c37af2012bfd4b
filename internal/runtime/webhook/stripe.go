package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// stripe signs the timestamp and the body. Its header contains the timestamp and one signature per
// secret of the endpoint. Example for two secrets: "t=1492774577,v1=5257a8…,v1=6ffbb5…".
// https://docs.stripe.com/webhooks/signature
type stripe struct{}

const stripeHeader = "stripe-signature"

func (stripe) signatureHeaders() []string { return []string{stripeHeader} }

func (stripe) signature(headers map[string]string) (signature, error) {
	value, present := headers[stripeHeader]
	if !present {
		return signature{}, missingHeader(stripeHeader)
	}
	if strings.Contains(value, " ") { // such as a repeated header, whose values were joined
		return signature{}, malformedHeader(stripeHeader)
	}
	s := signature{hash: sha256.New, tolerance: defaultTolerance}
	timestamps := 0
	for part := range strings.SplitSeq(value, ",") {
		name, text, ok := strings.Cut(part, "=")
		switch {
		case !ok:
			return signature{}, malformedHeader(stripeHeader)
		case name == "t":
			at, err := parseTimestamp(text)
			if err != nil {
				return signature{}, err
			}
			s.at, s.before = at, text+"."
			timestamps++
		case name == "v1":
			candidate, ok := decodeHex(text)
			if !ok || len(candidate) != sha256.Size {
				return signature{}, malformedHeader(stripeHeader)
			}
			s.candidates = append(s.candidates, candidate)
		}
	}
	if timestamps != 1 || len(s.candidates) == 0 || len(s.candidates) > maxCandidates {
		return signature{}, malformedHeader(stripeHeader)
	}
	return s, nil
}

func (stripe) key(secret string) ([]byte, error) { return textKey(secret) }

func (stripe) typeField() (header, pointer string) { return "", "/type" }

func (stripe) eventType(_ map[string]string, payload Payload) string {
	return payload.lookup("/type")
}

func (stripe) deliveryID(_ map[string]string, payload Payload) string {
	return payload.lookup("/id")
}

func (stripe) sign(key []byte, d Delivery) map[string]string {
	timestamp := strconv.FormatInt(d.At.Unix(), 10)
	s := signature{before: timestamp + ".", hash: sha256.New}
	sum := hex.EncodeToString(s.sum(key, d.Body))
	return map[string]string{stripeHeader: "t=" + timestamp + ",v1=" + sum}
}
