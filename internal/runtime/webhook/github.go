package webhook

// gitHub signs the body. The type and the delivery id are not signed.
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
var gitHub = HMAC{
	Header:           "x-hub-signature-256",
	Prefix:           "sha256=",
	EventTypeHeader:  "x-github-event",
	DeliveryIDHeader: "x-github-delivery",
}

// GitHubPing is the type of the event that GitHub sends when a webhook is created.
const GitHubPing = "ping"

// IsPing reports whether the request is GitHub's ping and the source does not store pings.
func (s Source) IsPing(headers map[string]string) bool {
	return s.Scheme == GitHub && !s.Pings && headers[gitHub.EventTypeHeader] == GitHubPing
}
