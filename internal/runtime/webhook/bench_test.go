package webhook

import (
	"strings"
	"testing"
	"time"
)

// BenchmarkRequest measures the work that the API does only for webhooks: verifying the signature
// with two secrets, and reading the type and the delivery id. The payload has 19 KB, like GitHub's
// event for a push.
func BenchmarkRequest(b *testing.B) {
	commits := strings.Repeat(`{"id":"7fd1a60b","files":["a"]},`, 600)
	body := []byte(`{"commits":[` + commits + `{}],"type":"event_callback","event_id":"Ev1",` +
		`"id":"evt_1","event":{"type":"message"}}`)
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	for _, scheme := range []Scheme{GitHub, Stripe, Slack, Shopify, Standard} {
		source := Source{Name: "x", Scheme: scheme, Prefix: "x"}
		d := Delivery{Type: "push", ID: "1", At: time.Unix(1700000000, 0), Body: body}
		headers, err := source.Sign(secret, d)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(string(scheme), func(b *testing.B) {
			for b.Loop() {
				payload := NewPayload(body)
				err := source.Verify(headers, body, []string{"whsec_bmV3ZXI=", secret}, d.At)
				if err != nil || source.EventType(headers, payload) == "" ||
					source.DeliveryKey(headers, payload) == "" {
					b.Fatal(err)
				}
				source.Challenge(payload)
			}
		})
	}
}
