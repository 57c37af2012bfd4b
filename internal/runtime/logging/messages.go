package logging

// The messages of the functions' log lines. docs/architecture.md lists each of them.
const (
	EventAccepted         = "event accepted"
	RequestRejected       = "request rejected"
	RequestFailed         = "request failed"
	EventProcessed        = "event processed"
	EventAlreadyProcessed = "event already processed"
	EventFiltered         = "event filtered"
	MessageOutOfDate      = "message out of date"
	EventRetried          = "event retried"
	EventFailed           = "event failed"
	BatchDone             = "batch done"
	EventNotHealed        = "event not healed"
	Reconciled            = "reconciled"
	ReconciliationFailed  = "reconciliation failed"
)
