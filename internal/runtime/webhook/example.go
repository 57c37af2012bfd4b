package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
)

// secretBytes is the length of a new secret before it is encoded.
const secretBytes = 32

// NewSecret returns a random secret in the form that the source's scheme needs.
func (s Source) NewSecret() string {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails
	if s.Scheme == Standard {
		return SecretPrefix + base64.StdEncoding.EncodeToString(secret)
	}
	return hex.EncodeToString(secret)
}

// UsableSecret reports whether the secret can be the key of the source's scheme.
func (s Source) UsableSecret(secret string) bool {
	_, err := s.scheme().key(secret)
	return err == nil
}

// SenderCreatesSecret reports whether the sender generates the secret. The user must then copy that
// secret and can't choose one.
func (s Source) SenderCreatesSecret() bool { return s.Scheme != GitHub && s.Scheme != Generic }

// Example returns a JSON body for a test of the source. If the scheme reads the type and the
// delivery id from the body, the body contains them.
func (s Source) Example(eventType, id string) []byte {
	typePointer, idPointer := "/type", "/id" // Stripe
	switch {
	case s.Scheme == Generic:
		typePointer, idPointer = s.HMAC.EventTypePointer, s.HMAC.DeliveryIDPointer
	case s.Scheme == GitHub || s.Scheme == Shopify:
		typePointer, idPointer = "", ""
	case s.Scheme == Slack:
		typePointer, idPointer = slackSignature.EventTypePointer, slackSignature.DeliveryIDPointer
	case s.Scheme == Standard:
		idPointer = ""
	}
	body := map[string]any{"message": "hello"}
	setAt(body, typePointer, eventType)
	setAt(body, idPointer, id)
	text, _ := json.Marshal(body) // can't fail: the values are strings
	return text
}

// setAt sets the value at a JSON pointer, and creates the missing objects above the value.
func setAt(object map[string]any, pointer, value string) {
	keys := jsonpointer.Split(pointer)
	if len(keys) == 0 {
		return
	}
	for _, key := range keys[:len(keys)-1] {
		next, ok := object[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			object[key] = next
		}
		object = next
	}
	object[keys[len(keys)-1]] = value
}
