package webhook

import (
	"testing"
	"time"
)

// An example that was signed with a new secret must pass the verification and have the requested
// type.
func TestExample_IsARequestOfItsSource(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for _, source := range []Source{
		{Scheme: GitHub}, {Scheme: Stripe}, {Scheme: Slack}, {Scheme: Shopify}, {Scheme: Standard},
		{Scheme: Generic, HMAC: &HMAC{
			Header: "x-sig", EventTypePointer: "/event/a~1b", DeliveryIDPointer: "/event/id",
		}},
	} {
		source.Prefix = "x"
		secret, body := source.NewSecret(), source.Example("thing/done", "1")
		if !source.UsableSecret(secret) || source.NewSecret() == secret {
			t.Errorf("%s: the new secret is %q", source.Scheme, secret)
		}
		headers, err := source.Sign(secret, Delivery{
			Type: "thing/done", ID: "1", At: now, Body: body,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := source.Verify(headers, body, []string{secret}, now); err != nil {
			t.Errorf("%s: %v", source.Scheme, err)
		}
		payload := NewPayload(body)
		if got := source.EventType(headers, payload); got != "x.thing.done" {
			t.Errorf("%s: got the type %q of %s", source.Scheme, got, body)
		}
		if got := source.DeliveryKey(headers, payload); got[:3] != "id " {
			t.Errorf("%s: got the key %q of %s", source.Scheme, got, body)
		}
	}
}
