// Package contract names the environment variables that the construct sets and the functions read. It is all that the
// CDK side and the runtime side share, beside internal/runtime/jsonschema.
package contract

// Set by the construct on the functions named.
const (
	// BronzeBucket (api, worker, reconciler) is the name of the bucket that holds raw payloads.
	BronzeBucket = "BRONZE_BUCKET"
	// SilverBucket (worker, reconciler) is the name of the bucket that holds processed records.
	SilverBucket = "SILVER_BUCKET"
	// EventsTable (api, worker, reconciler) is the name of the table that tracks each event's lifecycle.
	EventsTable = "EVENTS_TABLE"
	// QueueURL (api, worker, reconciler) is the URL of the queue between API and worker.
	QueueURL = "QUEUE_URL"
	// DeadLetterQueueURL (worker, reconciler) is the URL of the queue for the messages of FAILED events.
	DeadLetterQueueURL = "DEAD_LETTER_QUEUE_URL"
	// EventBusName (worker, reconciler) is the bus told of processed and failed events.
	EventBusName = "EVENT_BUS_NAME"
	// MaxPayloadBytes (api) is the largest decoded request body accepted.
	MaxPayloadBytes = "MAX_PAYLOAD_BYTES"
	// UnknownEventTypes (api) is ACCEPT or REFUSE: what becomes of events whose type has no schema.
	UnknownEventTypes = "UNKNOWN_EVENT_TYPES"
	// OpenAPI (api) is true where anybody may call the API, so that a request need not say who sent it.
	OpenAPI = "OPEN_API"
	// StatusForAllCallers (api) is true where each caller may look up the events of all.
	StatusForAllCallers = "STATUS_FOR_ALL_CALLERS"
	// MaxReceiveCount (worker) is how often the queue delivers a message before it goes to the DLQ.
	MaxReceiveCount = "MAX_RECEIVE_COUNT"
	// ReconcileGraceSeconds (reconciler) is how long an event may be ENQUEUED before the reconciler looks after it.
	ReconcileGraceSeconds = "RECONCILE_GRACE_SECONDS"
	// ReconcileWindowSeconds (reconciler) is how far its first run looks back.
	ReconcileWindowSeconds = "RECONCILE_WINDOW_SECONDS"
	// MaxReenqueues (reconciler) is how often it puts a stuck event on the queue again before the event is FAILED.
	MaxReenqueues = "MAX_REENQUEUES"
	// StatusRetentionDays (api, worker, reconciler) is how long an event's item is kept, counted from its receipt; 0 keeps it for ever.
	StatusRetentionDays = "STATUS_RETENTION_DAYS"
	// LogLevel (all) is debug, info, warn or error.
	LogLevel = "LOG_LEVEL"
)

// RefuseUnknown is the value of UnknownEventTypes that refuses them.
const RefuseUnknown = "REFUSE"

// MetricNamespace is where CloudWatch keeps the metrics that functions write into their log lines.
const MetricNamespace = "EventPipeline"

// The dimension of a metric tells whose it is: one function's, or, by the name of its queue, the whole pipeline's.
const (
	FunctionDimension = "FunctionName"
	PipelineDimension = "QueueName"
)

// The pipeline's metrics.
const (
	MetricAccepted  = "Accepted"  // events that were answered with 202 for the first time
	MetricProcessed = "Processed" // events that became PROCESSED
	MetricFailed    = "Failed"    // messages that went to the DLQ
	MetricRetried   = "Retried"   // deliveries that failed and come again
)

// EventSource is the source of everything that the pipeline puts on its bus.
const EventSource = "eventpipeline"

// EventProcessed is the detail type of its notices of processed events.
const EventProcessed = "EventProcessed"

// PlatformContext is the CDK context key by which the local platform asks for bootstraps that run on its machine, as
// "<GOOS>/<GOARCH>", such as "darwin/arm64". Nothing else in the template depends on it.
const PlatformContext = "eventpipeline:platform"

// ModuleMetadata is the type of the construct metadata by which a pipeline that is built for the local platform names the
// folder of the Go module that its worker is from. The CDK writes it beside the template.
const ModuleMetadata = "eventpipeline:module"

// FunctionMetadata is the CloudFormation metadata key of the pipeline's functions in the template. Its value is a JSON
// object: {"pipeline": NAME, "role": "api", "worker" or "reconciler"}.
const FunctionMetadata = "eventpipeline:function"

// AuthorizeContext is the CDK context key by which `eventpipeline local --authorize` asks an app for the authorization of
// its deployed stages, true or absent. Apps whose local stage is open heed it; see stacks/stacks.go.
const AuthorizeContext = "eventpipeline:authorize"
