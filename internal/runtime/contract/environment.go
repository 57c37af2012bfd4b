package contract

// Environment variables that the construct sets. Each comment names the functions that read the
// variable.
const (
	// BronzeBucket names the bucket of raw payloads. Read by all functions.
	BronzeBucket = "BRONZE_BUCKET"
	// SilverBucket names the bucket of processed records. Read by the worker and the reconciler.
	SilverBucket = "SILVER_BUCKET"
	// EventsTable names the table with an item per event. Read by all functions.
	EventsTable = "EVENTS_TABLE"
	// QueueURL is the URL of the queue between API and worker. Read by all functions.
	QueueURL = "QUEUE_URL"
	// DeadLetterQueueURL is the URL of the queue of failed messages. Read by the worker and the
	// reconciler.
	DeadLetterQueueURL = "DEAD_LETTER_QUEUE_URL"
	// EventBusName names the bus that receives notifications. Read by the worker and the
	// reconciler.
	EventBusName = "EVENT_BUS_NAME"
	// NotificationFormat is JSON or CLOUDEVENTS. Read by the worker and the reconciler.
	NotificationFormat = "NOTIFICATION_FORMAT"
	// MaxPayloadBytes is the maximum size of a decoded request body. Read by the API function.
	MaxPayloadBytes = "MAX_PAYLOAD_BYTES"
	// AcceptTextPlain is true if the API accepts JSON in a body with the type text/plain. Read by
	// the API function.
	AcceptTextPlain = "ACCEPT_TEXT_PLAIN"
	// UnknownEventTypes is ACCEPT or REFUSE. It applies to events whose type has no schema. Read by
	// the API function.
	UnknownEventTypes = "UNKNOWN_EVENT_TYPES"
	// OpenToAnyone is true if the API has no authorizer. Requests then have no caller. Read by the
	// API function.
	OpenToAnyone = "OPEN_API"
	// StatusForAllCallers is true if a caller may look up the events of all callers. Read by the
	// API function.
	StatusForAllCallers = "STATUS_FOR_ALL_CALLERS"
	// MaxReceiveCount is the maximum number of tries of an event. If all tries fail, the event
	// becomes FAILED. Read by the worker.
	MaxReceiveCount = "MAX_RECEIVE_COUNT"
	// ReconcileGraceSeconds is the age, in seconds, after which an ENQUEUED event counts as stuck.
	// Read by the reconciler.
	ReconcileGraceSeconds = "RECONCILE_GRACE_SECONDS"
	// ReconcileWindowSeconds limits the first run of the reconciler. This run checks only events
	// that are younger than this number of seconds. Read by the reconciler.
	ReconcileWindowSeconds = "RECONCILE_WINDOW_SECONDS"
	// MaxReenqueues limits how often the reconciler enqueues a stuck event again. After that, the
	// event becomes FAILED. Read by the reconciler.
	MaxReenqueues = "MAX_REENQUEUES"
	// StatusRetentionDays is the number of days after which an event's item expires. 0 means that
	// items do not expire. Read by all functions.
	StatusRetentionDays = "STATUS_RETENTION_DAYS"
	// Notifications is NotifyPerEvent, NotifyPerBatch or NotifyNone. Read by the worker.
	Notifications = "NOTIFICATIONS"
	// Webhooks is the JSON of the webhook sources, or not set if there are none. Read by the API
	// function.
	Webhooks = "WEBHOOKS"
	// LogLevel is debug, info, warn or error. Read by all functions.
	LogLevel = "LOG_LEVEL"
)

// Variables lists all environment variables that the construct sets. Users can't set these
// variables through the props.
var Variables = []string{
	BronzeBucket, SilverBucket, EventsTable, QueueURL, DeadLetterQueueURL, EventBusName,
	NotificationFormat, Notifications, MaxPayloadBytes, AcceptTextPlain, UnknownEventTypes,
	OpenToAnyone, StatusForAllCallers, MaxReceiveCount, ReconcileGraceSeconds,
	ReconcileWindowSeconds, MaxReenqueues, StatusRetentionDays, Webhooks, LogLevel,
}

// CloudEventNotifications is the value of NotificationFormat for notifications that are
// CloudEvents.
const CloudEventNotifications = "CLOUDEVENTS"

// The values of Notifications.
const (
	NotifyPerEvent = "PER_EVENT" // EventProcessed for each event
	NotifyPerBatch = "PER_BATCH" // BatchProcessed for a batch, EventProcessed for a single event
	NotifyNone     = "NONE"      // neither EventProcessed nor BatchProcessed
)

// RefuseUnknown is the value of UnknownEventTypes that rejects events whose type has no schema.
const RefuseUnknown = "REFUSE"
