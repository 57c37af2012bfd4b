package webhook

import (
	"maps"
	"time"
)

// fixture is a signed request. The fixtures of GitHub, Slack and Standard Webhooks are examples
// from their documentation. Python's module hmac signed the other fixtures.
type fixture struct {
	name       string
	source     Source
	secret     string
	body       string
	headers    map[string]string
	at         time.Time
	wantType   string
	wantID     string
	signatures []string // headers that must be correct
	oldFails   bool     // an old request fails, because the scheme has a timestamp
}

const slackForm = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&" +
	"channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&" +
	"command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F" +
	"T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121." +
	"803a0bc887a14d10d2c447fce8b6703c"

var fixtures = []fixture{
	{
		name:   "GitHub",
		source: Source{Name: "github", Scheme: GitHub, Prefix: "github"},
		secret: "It's a Secret to Everybody",
		body:   "Hello, World!",
		headers: map[string]string{
			"x-hub-signature-256": "sha256=" +
				"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
			"x-github-event":    "push",
			"x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
		},
		wantType: "github.push", wantID: "id 72d3162e-cc78-11e3-81ab-4c9367dc0958",
		signatures: []string{"x-hub-signature-256"},
	},
	{
		name:   "Slack",
		source: Source{Name: "slack", Scheme: Slack, Prefix: "slack"},
		secret: "8f742231b10e8888abcd99yyyzzz85a5",
		body:   slackForm,
		headers: map[string]string{
			"x-slack-signature": "v0=" +
				"a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
			"x-slack-request-timestamp": "1531420618",
		},
		at:         time.Unix(1531420618, 0),
		signatures: []string{"x-slack-signature", "x-slack-request-timestamp"},
		oldFails:   true,
	},
	{
		name:   "Standard Webhooks",
		source: Source{Name: "clerk", Scheme: Standard, Prefix: "clerk"},
		secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		body:   `{"test": 2432232314}`,
		headers: map[string]string{
			"webhook-id":        "msg_p5jXN8AQM9LWM0D4loKWxJek",
			"webhook-timestamp": "1614265330",
			"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		},
		at:         time.Unix(1614265330, 0),
		wantID:     "id msg_p5jXN8AQM9LWM0D4loKWxJek",
		signatures: []string{"webhook-signature", "webhook-timestamp", "webhook-id"},
		oldFails:   true,
	},
	{
		name:   "Stripe",
		source: Source{Name: "stripe", Scheme: Stripe, Prefix: "stripe"},
		secret: "whsec_test_secret",
		body:   `{"id":"evt_test_webhook","object":"event","type":"invoice.paid"}`,
		headers: map[string]string{
			"stripe-signature": "t=1492774577,v1=" +
				"b47dba0dbf17c6b4d2f400d618767bb35f08b0da4ce0d4d80c1959e287ecbd68",
		},
		at:       time.Unix(1492774577, 0),
		wantType: "stripe.invoice.paid", wantID: "id evt_test_webhook",
		signatures: []string{"stripe-signature"},
		oldFails:   true,
	},
	{
		name:   "Shopify",
		source: Source{Name: "shopify", Scheme: Shopify, Prefix: "shopify"},
		secret: "hush",
		body:   `{"id":820982911946154508}`,
		headers: map[string]string{
			"x-shopify-hmac-sha256": "qBvrsZF7RfB1iS6BX6IHqJTp5L911P7intnPeTPsH0I=",
			"x-shopify-topic":       "orders/create",
			"x-shopify-event-id":    "98880550-7158-44d4-b7cd-2c97c8a091b5",
		},
		wantType: "shopify.orders.create",
		wantID: "id orders/create 98880550-7158-44d4-b7cd-2c97c8a091b5 " +
			"5ca2f5d25a24d2fa02aea8d8d1bdc421ebd0ff1a00b4b7a7e517eb198b0d2015",
		signatures: []string{"x-shopify-hmac-sha256"},
	},
	{
		name: "generic HMAC",
		source: Source{Name: "zoom", Scheme: Generic, Prefix: "zoom", HMAC: &HMAC{
			Header: "x-zm-signature", Prefix: "v0=", TimestampHeader: "x-zm-request-timestamp",
			SignedContent: "v0:{timestamp}:{body}", EventTypePointer: "/event",
			DeliveryIDPointer: "/payload/object/uuid", Algorithm: SHA512, Encoding: Base64URL,
		}},
		secret: "hush",
		body: `{"event":"meeting.started",` +
			`"payload":{"object":{"uuid":"4444AAAiAAAAAiAiAiiAii=="}}}`,
		headers: map[string]string{
			"x-zm-signature": "v0=Oeit6vPIbpbYRIo8VHUw8428sD2Ssdy3pepYQpRN36KxgaTwuzLcaE7ifb6A" +
				"zwxdoyEf8wQxWl8YIhu-NBSfzg",
			"x-zm-request-timestamp": "1700000000",
		},
		at:       time.Unix(1700000000, 0),
		wantType: "zoom.meeting.started", wantID: "id 4444AAAiAAAAAiAiAiiAii==",
		signatures: []string{"x-zm-signature", "x-zm-request-timestamp"},
		oldFails:   true,
	},
}

func (f fixture) verify(headers map[string]string, body string) error {
	return f.source.Verify(headers, []byte(body), []string{f.secret}, f.at)
}

// withHeader returns the fixture's headers, with the given value for the named header.
func (f fixture) withHeader(name, value string) map[string]string {
	headers := maps.Clone(f.headers)
	headers[name] = value
	return headers
}
