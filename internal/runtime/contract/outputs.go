package contract

// Names of the stack outputs. The stacks in stacks/ set them, and the CLI finds the pipeline's
// resources with them.
const (
	OutputAPIURL             = "ApiUrl"
	OutputBronzeBucket       = "BronzeBucketName"
	OutputSilverBucket       = "SilverBucketName"
	OutputEventsTable        = "EventsTableName"
	OutputQueueURL           = "QueueUrl"
	OutputDeadLetterQueueURL = "DeadLetterQueueUrl"
	OutputAPIFunction        = "ApiFunctionName"
	OutputWorkerFunction     = "WorkerFunctionName"
	OutputReconcilerFunction = "ReconcilerFunctionName"
	OutputEventBus           = "EventBusName"
)
