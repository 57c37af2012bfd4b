// Package env names the environment variables that the construct sets and the functions read. It is all that the
// CDK side and the runtime side share.
package env

// Set by the construct on the functions named.
const (
	// BronzeBucket (api, worker) is the name of the bucket that holds raw payloads.
	BronzeBucket = "BRONZE_BUCKET"
	// SilverBucket (worker) is the name of the bucket that holds processed records.
	SilverBucket = "SILVER_BUCKET"
	// EventsTable (api, worker) is the name of the table that tracks each event's lifecycle.
	EventsTable = "EVENTS_TABLE"
	// QueueURL (api, worker) is the URL of the queue between them.
	QueueURL = "QUEUE_URL"
	// EventBusName (worker) is the bus told of processed and failed events.
	EventBusName = "EVENT_BUS_NAME"
	// MaxPayloadBytes (api) is the largest decoded request body accepted.
	MaxPayloadBytes = "MAX_PAYLOAD_BYTES"
	// MaxReceiveCount (worker) is how often the queue delivers a message before it goes to the DLQ.
	MaxReceiveCount = "MAX_RECEIVE_COUNT"
	// StatusRetentionDays (api, worker) is how long an event's item is kept, counted from its receipt; 0 keeps it for ever.
	StatusRetentionDays = "STATUS_RETENTION_DAYS"
	// LogLevel (all) is debug, info, warn or error.
	LogLevel = "LOG_LEVEL"
)

// PlatformContext is the CDK context key by which the local platform asks for bootstraps that run on its machine, as
// "<GOOS>/<GOARCH>", such as "darwin/arm64". Nothing else in the template depends on it.
const PlatformContext = "eventpipeline:platform"
