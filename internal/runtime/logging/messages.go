package logging

// Messages of the log lines. docs/architecture.md describes each of them.
const (
	EventAccepted           = "event accepted"
	RequestRejected         = "request rejected"
	RequestFailed           = "request failed"
	EventProcessed          = "event processed"
	EventAlreadyProcessed   = "event already processed"
	EventFiltered           = "event filtered"
	MessageOutOfDate        = "message out of date"
	EventRetried            = "event retried"
	EventSplitOff           = "event split off"
	EventFailed             = "event failed"
	EventFailedNotPublished = "EventFailed not published"
	BatchDone               = "batch done"
	EventNotReconciled      = "event not reconciled"
	Reconciled              = "reconciled"
	ReconciliationFailed    = "reconciliation failed"
	SecretNotRenewed        = "secret not renewed"
)
