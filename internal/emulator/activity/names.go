package activity

// Names of the steps that parseLine derives from the messages of the functions' log lines.
const (
	Accepted  = "accepted"  // the API responded with 202
	Processed = "processed" // the record is in Silver
	Filtered  = "filtered"  // the processor filtered the event
	Retried   = "retried"   // an attempt failed, and SQS will deliver the message again
	Failed    = "failed"    // the message is in the DLQ
)

// Names of other steps that come from log lines or from the recorder.
const (
	Log           = "log" // a line that is not JSON
	StepsNotShown = "steps not shown"
)

// Names of the steps that the emulator records.
const (
	DeadLettered   = "dead-lettered"   // SQS moved a message to a DLQ
	DeliveredAgain = "delivered again" // a function received a message again
	BatchFailed    = "batch failed"    // the function did not handle any message of a batch
	Published      = "published"       // an event bus received a notification
	NotDelivered   = "not delivered"   // a bus or a target did not receive a notification
	RuleLeftOut    = "rule left out"   // the platform does not run a rule
	Fault          = "fault"           // a fault was injected
	Denied         = "denied"          // IAM denied a call
	NotAnswered    = "not answered"    // no function answered a request
	NotAuthorized  = "not authorized"  // an authorizer rejected a request
)

// Names of the steps that the emulator records when the app's sources change.
const (
	Changed            = "changed"              // files changed, and the build begins
	Reloaded           = "reloaded"             // a function has new code or settings
	NotReloaded        = "not reloaded"         // the build failed
	NothingToReload    = "nothing to reload"    // the build succeeded without a change
	RestartNeeded      = "restart needed"       // some changes need a restart of the platform
	BuildOutputIgnored = "build output ignored" // the watcher ignores files from now on
	OldBuildKept       = "old build kept"       // the folder of an old build was not removed
)

// Names of details. The emulator records these details, and the console and the commands read them.
// Package contract names the details that are also log fields.
const (
	DetailMethod     = "method"
	DetailPath       = "path"
	DetailStatus     = "status"
	DetailMs         = "ms" // duration of a request or a call
	DetailHeaders    = "headers"
	DetailAuthorizer = "authorizer"
	DetailResponse   = "response"
	DetailBody       = "body"
	DetailBodyBytes  = "bodyBytes" // size of the complete body
	DetailService    = "service"
	DetailOperation  = "operation"
	DetailCaller     = "caller"     // access key of a caller that is not a function
	DetailIDs        = "events"     // ids of events
	DetailType       = "detailType" // of a notification
	DetailLine       = "line"       // text of a line that is not JSON
	DetailFiles      = "files"
	DetailFor        = "for"     // resources that need a restart
	DetailOldCode    = "oldCode" // functions that keep their old code
)
