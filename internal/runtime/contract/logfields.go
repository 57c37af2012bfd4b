package contract

// Fields of the functions' log lines that the local platform, the console or a command reads.
const (
	FieldEventID        = "eventId"
	FieldEventType      = "eventType"
	FieldEvents         = "events"         // number of events of a batch
	FieldReplayID       = "replayId"       // id of the event's last replay
	FieldRedrives       = "redrives"       // number of redrives of the event
	FieldReplayed       = "replayed"       // the idempotency key was used before
	FieldDurationMs     = "durationMs"     // duration of a request or a run
	FieldBatchMs        = "batchMs"        // time since the start of the worker's invocation
	FieldAttempt        = "attempt"        // number of the delivery, from 1
	FieldRetryInSeconds = "retryInSeconds" // time until SQS delivers the message again
	FieldSplitOff       = "splitOff"       // number of events that were split off the batch
	FieldCode           = "code"           // code of the error, or of the filter's reason
	FieldError          = "error"
	FieldStack          = "stack" // of a panic
	FieldMessageID      = "messageId"
	FieldRequestID      = "requestId" // of the invocation
	FieldTraceID        = "traceId"
	FieldMetrics        = "_aws" // metrics in the embedded metric format
)
