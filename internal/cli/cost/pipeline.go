package cost

// Pipeline holds the settings of a pipeline that affect cost and capacity.
type Pipeline struct {
	Name          string
	API           Function
	Worker        Function
	Reconciler    *Function // nil if the pipeline has no reconciler
	Bronze        Bucket
	Silver        Bucket
	Table         Table
	Source        EventSource
	Notifications Notifications

	MaxPayloadBytes   float64 // maximum size of a request; 0 if unknown
	APIThrottle       float64 // requests per second; 0 means that only the account's quota applies
	APIAccessLog      bool
	ReconcileInterval float64 // in seconds
	AlarmMetrics      int     // metrics of the alarms
	MetricFilters     int
	Dashboards        int
	KMSKeys           int // customer managed keys in the template
	WebhookSources    int
	WebhookSecrets    int  // secrets of the sources in Secrets Manager
	MessageGroups     bool // messages have a group, because the API knows its callers

	// Unknown lists settings that the template does not contain, such as those of existing
	// resources. The estimate uses the construct's defaults for them.
	Unknown []string
}

// Function holds the settings of a Lambda function.
type Function struct {
	MemoryMB float64
	X86      bool
	Tracing  bool
	Timeout  float64 // in seconds
	Reserved float64 // reserved concurrency; 0 if none
	InfoLogs bool    // whether the function logs a line per event
}

// Bucket holds the settings of an S3 bucket.
type Bucket struct {
	KMSPerRequest bool // a customer managed key without a bucket key
	AccessLogs    bool
	AccessLogDays float64      // 0 means that access logs do not expire
	Expiration    float64      // in days; 0 means never
	Transitions   []Transition // in the order of their days
}

// Transition moves objects to another storage class.
type Transition struct {
	Class    string
	Days     float64
	MinBytes float64 // smaller objects stay in their class
}

// Table holds the settings of the events table.
type Table struct {
	Backups       bool // point-in-time recovery
	RetentionDays float64
}

// EventSource holds the settings of the mapping from the queue to the worker.
type EventSource struct {
	BatchSize      float64
	Window         float64 // in seconds
	MaxConcurrency float64
	Provisioned    bool // pollers are paid for by the hour
}
