package contract

// Paths of the HTTP API, as they appear in the route keys of API Gateway.
const (
	EventsPath  = "/events"
	EventPath   = "/events/{eventId}"
	HealthPath  = "/health"
	WebhookPath = "/webhooks/{source}"
)
