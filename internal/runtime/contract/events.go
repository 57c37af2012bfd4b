package contract

// EventTypePattern matches valid event types.
const EventTypePattern = `^[A-Za-z][A-Za-z0-9._-]{0,63}$`

// EventSource is the source of all notifications on the event bus.
const EventSource = "eventpipeline"

// Detail types of the notifications.
const (
	EventProcessed = "EventProcessed"
	EventFailed    = "EventFailed"
	BatchProcessed = "BatchProcessed" // replaces EventProcessed for a batch, with NotifyPerBatch
)
