package cost

// Sizes in bytes of data that the functions write. A test compares them with the functions' output.
const (
	APILine        = 520.0 // log line of the API function, per request
	WorkerLine     = 380.0 // log line of the worker, per message
	InvocationLine = 500.0 // log line of the worker with metrics, per invocation
	Item           = 650.0 // names and values of a PROCESSED item's attributes
	RecordOverhead = 350.0 // record in Silver without its payload
)

// Sizes in bytes of data that AWS adds.
const (
	platformLines   = 560.0 // Lambda's own log lines, per invocation
	accessLogLine   = 420.0 // access log of API Gateway, per request
	accessLogRecord = 650.0 // server access log of S3, per request
	itemOverhead    = 100.0 // added by DynamoDB to each item
)
