package contract

// MetricNamespace is the namespace of the metrics that CloudWatch extracts from the log lines of
// the functions.
const MetricNamespace = "EventPipeline"

// Dimensions of the metrics. A metric has one of these combinations:
//
//   - FunctionDimension
//   - PipelineDimension, whose value is the name of the pipeline's queue
//   - PipelineDimension and SourceDimension: Accepted and RefusedSignatures, per webhook source
const (
	FunctionDimension = "FunctionName"
	PipelineDimension = "QueueName"
	SourceDimension   = "WebhookSource"
)

// Metrics with PipelineDimension.
const (
	MetricAccepted  = "Accepted"  // accepted events, without duplicates
	MetricProcessed = "Processed" // events that became PROCESSED
	MetricFailed    = "Failed"    // events that became FAILED, and invalid messages
	MetricRetried   = "Retried"   // failed deliveries that SQS will retry

	MetricRefusedSignatures = "RefusedSignatures" // requests of webhooks without a valid signature
)

// Metrics of the reconciler, with FunctionDimension. MetricLag is a duration. The other metrics are
// numbers of objects or events in a run.
const (
	MetricScanned    = "Scanned"    // objects in Bronze
	MetricWaiting    = "Waiting"    // events whose message is probably on the queue
	MetricReenqueued = "Reenqueued" // stuck events that were enqueued again
	MetricGivenUp    = "GivenUp"    // stuck events that became FAILED
	MetricRepaired   = "Repaired"   // FAILED events with a record, which became PROCESSED
	MetricOrphans    = "Orphans"    // objects of requests that were never acknowledged
	MetricOvertaken  = "Overtaken"  // events that another process changed meanwhile
	MetricErrors     = "Errors"     // events that could not be reconciled
	MetricLag        = "Lag"        // in seconds; see pipeline.Report.Lag
)
