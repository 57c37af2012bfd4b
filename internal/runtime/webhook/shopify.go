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

// deliveryID combines the topic, the event id, and a hash of the payload. Shopify uses one event id
// for all webhooks that a merchant's action causes. These webhooks differ in the topic or the
// payload.
func (s shopify) deliveryID(headers map[string]string, payload Payload) string {
	id := s.HMAC.deliveryID(headers, payload)
	if id == "" {
		return ""
	}
	sum := sha256.Sum256(payload.JSON)
	return s.eventType(headers, payload) + " " + id + " " + hex.EncodeToString(sum[:])
}
