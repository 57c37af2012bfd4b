package contract

// EventSource is the source of all notifications on the bus.
const EventSource = "eventpipeline"

// Detail types of the notifications.
const (
	EventProcessed = "EventProcessed"
	EventFailed    = "EventFailed"
)
