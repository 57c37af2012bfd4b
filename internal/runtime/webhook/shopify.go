package webhook

import (
	"crypto/sha256"
	"encoding/hex"
)

// shopifySignature signs the body.
// https://shopify.dev/docs/apps/build/webhooks/subscribe/https
var shopifySignature = HMAC{
	Header:           "x-shopify-hmac-sha256",
	Encoding:         Base64,
	EventTypeHeader:  "x-shopify-topic",
	DeliveryIDHeader: "x-shopify-event-id",
}

type shopify struct{ HMAC }

// deliveryID combines the topic, the id of the merchant's action, and a hash of the payload. One
// action can cause webhooks of several topics or objects. Only a repeated webhook has the same
// topic and payload.
func (s shopify) deliveryID(headers map[string]string, payload Payload) string {
	id := s.HMAC.deliveryID(headers, payload)
	if id == "" {
		return ""
	}
	sum := sha256.Sum256(payload.JSON)
	return s.eventType(headers, payload) + " " + id + " " + hex.EncodeToString(sum[:])
}
