package contract

// MetricNamespace contains the metrics that CloudWatch extracts from the functions' log lines.
const MetricNamespace = "EventPipeline"

// Every metric has one dimension: the function that counts, or the pipeline, named by its queue.
const (
	FunctionDimension = "FunctionName"
	PipelineDimension = "QueueName"
)

// Metrics with PipelineDimension.
const (
	MetricAccepted  = "Accepted"  // requests answered with 202 for the first time
	MetricProcessed = "Processed" // events that became PROCESSED
	MetricFailed    = "Failed"    // messages moved to the DLQ
	MetricRetried   = "Retried"   // failed deliveries that SQS will retry
)

// Metrics with FunctionDimension, counted by each run of the reconciler.
const (
	MetricScanned    = "Scanned"    // objects in Bronze
	MetricWaiting    = "Waiting"    // events whose message is still on the queue
	MetricReenqueued = "Reenqueued" // stuck events that were enqueued again
	MetricGivenUp    = "GivenUp"    // stuck events that became FAILED
	MetricRepaired   = "Repaired"   // FAILED events that became PROCESSED: their record existed
	MetricOrphans    = "Orphans"    // objects of requests that were never acknowledged
	MetricOvertaken  = "Overtaken"  // events that another writer moved meanwhile
	MetricUnhealed   = "Errors"     // events that could not be reconciled
)
