package webhook

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// scheme defines how one kind of sender signs and describes its requests.
type scheme interface {
	// signatureHeaders returns the headers that contain signatures.
	signatureHeaders() []string
	// signature reads the signature from the headers. Its errors are Rejections.
	signature(headers map[string]string) (signature, error)
	// key returns the HMAC key for a secret.
	key(secret string) ([]byte, error)
	// typeField returns the type's header, or the JSON pointer to the type. At least one is "".
	typeField() (header, pointer string)
	// eventType returns the sender's name for the type of an event, or "".
	eventType(headers map[string]string, payload Payload) string
	// deliveryID returns an id that is the same in each repetition of a request. It returns "" if
	// the request has no id.
	deliveryID(headers map[string]string, payload Payload) string
	// sign returns the headers that the sender adds to a request.
	sign(key []byte, d Delivery) map[string]string
}

var schemes = map[Scheme]scheme{
	GitHub:   gitHub,
	Stripe:   stripe{},
	Slack:    slack{slackSignature},
	Shopify:  shopify{shopifySignature},
	Standard: standard{standardSignature},
}

func (s Source) scheme() scheme {
	if s.Scheme == Generic && s.HMAC != nil {
		return *s.HMAC
	}
	return schemes[s.Scheme]
}

// Delivery describes a request that Sign signs in the same way as the source's sender.
type Delivery struct {
	Type string // for schemes whose type is in a header
	ID   string // for schemes whose delivery id is in a header
	At   time.Time
	Body []byte
}

// Sign returns the headers that the source's sender adds to a request.
func (s Source) Sign(secret string, d Delivery) (map[string]string, error) {
	scheme := s.scheme()
	key, err := scheme.key(secret)
	if err != nil {
		return nil, err
	}
	return scheme.sign(key, d), nil
}

// textKey returns the secret as a key. It ignores white space around the secret, because a copied
// secret often ends with a line break.
//
// It returns an error for JSON, which Secrets Manager stores if a user enters the secret as key and
// value.
func textKey(secret string) ([]byte, error) {
	secret = strings.TrimSpace(secret)
	if secret == "" || isJSON(secret) {
		return nil, ErrUnusable
	}
	return []byte(secret), nil
}

// isJSON reports whether the text is a JSON object, array or string.
func isJSON(text string) bool {
	switch jsontext.Value(text).Kind() {
	case jsontext.KindBeginObject, jsontext.KindBeginArray, jsontext.KindString:
		return jsontext.Value(text).IsValid()
	}
	return false
}
