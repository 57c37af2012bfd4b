package contract

// Environment variables that the construct sets. The functions that get a variable are named in
// parentheses.
const (
	// BronzeBucket names the bucket of raw payloads (api, worker, reconciler).
	BronzeBucket = "BRONZE_BUCKET"
	// SilverBucket names the bucket of processed records (worker, reconciler).
	SilverBucket = "SILVER_BUCKET"
	// EventsTable names the table with an item per event (api, worker, reconciler).
	EventsTable = "EVENTS_TABLE"
	// QueueURL is the URL of the queue between API and worker (api, worker, reconciler).
	QueueURL = "QUEUE_URL"
	// DeadLetterQueueURL is the URL of the queue of failed messages (worker, reconciler).
	DeadLetterQueueURL = "DEAD_LETTER_QUEUE_URL"
	// EventBusName names the bus that receives notifications (worker, reconciler).
	EventBusName = "EVENT_BUS_NAME"
	// NotificationFormat is JSON or CLOUDEVENTS (worker, reconciler).
	NotificationFormat = "NOTIFICATION_FORMAT"
	// MaxPayloadBytes limits the decoded request body (api).
	MaxPayloadBytes = "MAX_PAYLOAD_BYTES"
	// AcceptTextPlain is true if a body with the type text/plain is JSON (api).
	AcceptTextPlain = "ACCEPT_TEXT_PLAIN"
	// UnknownEventTypes is ACCEPT or REFUSE. It sets whether the API accepts events whose type has
	// no schema (api).
	UnknownEventTypes = "UNKNOWN_EVENT_TYPES"
	// OpenAPI is true if the API has no authorizer, so that requests have no caller (api).
	OpenAPI = "OPEN_API"
	// StatusForAllCallers is true if a caller may look up the events of all callers (api).
	StatusForAllCallers = "STATUS_FOR_ALL_CALLERS"
	// MaxReceiveCount limits an event's failed tries. After the last try, the event becomes FAILED
	// (worker).
	MaxReceiveCount = "MAX_RECEIVE_COUNT"
	// ReconcileGraceSeconds is the time for which the reconciler does not touch an ENQUEUED event
	// (reconciler).
	ReconcileGraceSeconds = "RECONCILE_GRACE_SECONDS"
	// ReconcileWindowSeconds limits how far the first run looks back (reconciler).
	ReconcileWindowSeconds = "RECONCILE_WINDOW_SECONDS"
	// MaxReenqueues limits how often a stuck event is enqueued again before it becomes FAILED
	// (reconciler).
	MaxReenqueues = "MAX_REENQUEUES"
	// StatusRetentionDays limits how long an item is kept after the event was received; 0 means no
	// limit (api, worker, reconciler).
	StatusRetentionDays = "STATUS_RETENTION_DAYS"
	// Notifications is NotifyPerEvent, NotifyPerBatch or NotifyNone (worker).
	Notifications = "NOTIFICATIONS"
	// Webhooks is the JSON of the webhook sources, or not set if there are none (api).
	Webhooks = "WEBHOOKS"
	// LogLevel is debug, info, warn or error (all functions).
	LogLevel = "LOG_LEVEL"
)

// Variables lists the environment variables above. Users can't set them through the props.
var Variables = []string{
	BronzeBucket, SilverBucket, EventsTable, QueueURL, DeadLetterQueueURL, EventBusName,
	NotificationFormat, Notifications, MaxPayloadBytes, AcceptTextPlain, UnknownEventTypes,
	OpenAPI, StatusForAllCallers, MaxReceiveCount, ReconcileGraceSeconds, ReconcileWindowSeconds,
	MaxReenqueues, StatusRetentionDays, Webhooks, LogLevel,
}

// CloudEventNotifications is the value of NotificationFormat for notifications that are
// CloudEvents.
const CloudEventNotifications = "CLOUDEVENTS"

// The values of Notifications.
const (
	NotifyPerEvent = "PER_EVENT" // EventProcessed for each event
	NotifyPerBatch = "PER_BATCH" // BatchProcessed for a batch, EventProcessed for a single event
	NotifyNone     = "NONE"      // neither
)

// RefuseUnknown is the value of UnknownEventTypes that rejects events whose type has no schema.
const RefuseUnknown = "REFUSE"
