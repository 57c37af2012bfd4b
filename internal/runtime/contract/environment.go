package contract

// Environment variables that the construct sets on the named functions.
const (
	// BronzeBucket names the bucket of raw payloads (api, worker, reconciler).
	BronzeBucket = "BRONZE_BUCKET"
	// SilverBucket names the bucket of processed records (worker, reconciler).
	SilverBucket = "SILVER_BUCKET"
	// EventsTable names the table that holds an item per event (api, worker, reconciler).
	EventsTable = "EVENTS_TABLE"
	// QueueURL addresses the queue between API and worker (api, worker, reconciler).
	QueueURL = "QUEUE_URL"
	// DeadLetterQueueURL addresses the queue of failed messages (worker, reconciler).
	DeadLetterQueueURL = "DEAD_LETTER_QUEUE_URL"
	// EventBusName names the bus that receives notifications (worker, reconciler).
	EventBusName = "EVENT_BUS_NAME"
	// MaxPayloadBytes limits the decoded request body (api).
	MaxPayloadBytes = "MAX_PAYLOAD_BYTES"
	// UnknownEventTypes decides about event types without a schema: ACCEPT or REFUSE (api).
	UnknownEventTypes = "UNKNOWN_EVENT_TYPES"
	// OpenAPI tells the function that the API has no authorizer: requests have no caller (api).
	OpenAPI = "OPEN_API"
	// StatusForAllCallers lets a caller look up the events of all callers (api).
	StatusForAllCallers = "STATUS_FOR_ALL_CALLERS"
	// MaxReceiveCount limits the deliveries of a message; then it moves to the DLQ (worker).
	MaxReceiveCount = "MAX_RECEIVE_COUNT"
	// ReconcileGraceSeconds delays reconciliation of an ENQUEUED event (reconciler).
	ReconcileGraceSeconds = "RECONCILE_GRACE_SECONDS"
	// ReconcileWindowSeconds limits how far the first run looks back (reconciler).
	ReconcileWindowSeconds = "RECONCILE_WINDOW_SECONDS"
	// MaxReenqueues limits how often a stuck event is enqueued again before it is FAILED
	// (reconciler).
	MaxReenqueues = "MAX_REENQUEUES"
	// StatusRetentionDays limits an item's age, counted from its event's receipt; 0 means no limit
	// (api, worker, reconciler).
	StatusRetentionDays = "STATUS_RETENTION_DAYS"
	// LogLevel selects debug, info, warn or error (all functions).
	LogLevel = "LOG_LEVEL"
)

// Variables lists the environment variables above: those that users can't set themselves.
var Variables = []string{
	BronzeBucket, SilverBucket, EventsTable, QueueURL, DeadLetterQueueURL, EventBusName,
	MaxPayloadBytes, UnknownEventTypes, OpenAPI, StatusForAllCallers, MaxReceiveCount,
	ReconcileGraceSeconds, ReconcileWindowSeconds, MaxReenqueues, StatusRetentionDays, LogLevel,
}

// RefuseUnknown makes UnknownEventTypes reject them.
const RefuseUnknown = "REFUSE"
