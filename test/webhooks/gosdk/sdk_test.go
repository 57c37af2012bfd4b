package gosdk

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	stripe "github.com/stripe/stripe-go/v82/webhook"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// secret is a valid secret for all signature schemes.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

const deliveryID = "msg_p5jXN8AQM9LWM0D4loKWxJek"

// sdk verifies requests as a receiver does, and signs requests as a sender does.
type sdk struct {
	scheme webhook.Scheme
	verify func(headers http.Header, body []byte) error
	sign   func(body []byte, at time.Time) (map[string]string, error) // nil if it only verifies
}

var sdks = []sdk{
	{webhook.Stripe,
		func(headers http.Header, body []byte) error {
			return stripe.ValidatePayload(body, headers.Get("Stripe-Signature"), secret)
		},
		func(body []byte, at time.Time) (map[string]string, error) {
			signed := stripe.GenerateTestSignedPayload(&stripe.UnsignedPayload{
				Payload: body, Secret: secret, Timestamp: at,
			})
			return map[string]string{"stripe-signature": signed.Header}, nil
		}},
	{webhook.Standard,
		func(headers http.Header, body []byte) error {
			verifier, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				return err
			}
			return verifier.Verify(body, headers)
		},
		func(body []byte, at time.Time) (map[string]string, error) {
			signer, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				return nil, err
			}
			signature, err := signer.Sign(deliveryID, at, body)
			return map[string]string{
				"webhook-id": deliveryID, "webhook-timestamp": fmt.Sprint(at.Unix()),
				"webhook-signature": signature,
			}, err
		}},
	{webhook.Slack,
		func(headers http.Header, body []byte) error {
			verifier, err := slack.NewSecretsVerifier(headers, secret)
			if err != nil {
				return err
			}
			if _, err := verifier.Write(body); err != nil {
				return err
			}
			return verifier.Ensure()
		}, nil},
}

var bodies = []string{
	"", "{}", " {\r\n} ", "\x00\xff", "payload=%7B%7D&a=b+c", `{"text":"h` + "\u00e9" + `llo"}`,
	`{"long":"` + strings.Repeat("x", 1<<20) + `"}`,
}

func TestSDKs_AcceptAndRejectTheSameRequests(t *testing.T) {
	now := time.Now()
	for _, s := range sdks {
		source := webhook.Source{Name: "x", Scheme: s.scheme}
		check := func(what string, headers map[string]string, body string, want bool) {
			t.Helper()
			ours := source.Verify(headers, []byte(body), []string{secret}, time.Now())
			header := http.Header{}
			for name, value := range headers {
				header.Set(name, value)
			}
			theirs := s.verify(header, []byte(body))
			if (ours == nil) != want || (theirs == nil) != want {
				t.Errorf("%s, %s, %.20q: got %v, the SDK %v", s.scheme, what, body, ours, theirs)
			}
		}
		for _, body := range bodies {
			for what, at := range map[string]time.Time{
				"": now, "old": now.Add(-6 * time.Minute), "future": now.Add(6 * time.Minute),
			} {
				if s.scheme == webhook.Stripe && what == "future" {
					continue // Stripe's SDK accepts it
				}
				headers, err := source.Sign(secret, webhook.Delivery{
					ID: deliveryID, At: at, Body: []byte(body),
				})
				if err != nil {
					t.Fatal(err)
				}
				check(what+" request that we sign", headers, body, what == "")
				check(what+" request with another body", headers, body+" ", false)
				if s.sign == nil {
					continue
				}
				if headers, err = s.sign([]byte(body), at); err != nil {
					t.Fatal(err)
				}
				check(what+" request that the SDK signs", headers, body, what == "")
			}
		}
		check("request without headers", nil, "{}", false)
	}
}
