package pipeline

import (
	"errors"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// What a notice on the bus is called (its detail-type).
const (
	EventProcessed = contract.EventProcessed
	EventFailed    = contract.EventFailed
)

// Notification tells the bus what became of an event. It never holds the payload: consumers read Silver.
type Notification struct {
	Type   string
	Detail Detail
}

// Detail is a notice's detail. The event's id lets a consumer drop repeats: a notice may come more than once.
type Detail struct {
	EventID     string     `json:"eventId"`
	EventType   string     `json:"eventType"`
	Status      Status     `json:"status"`
	ReceivedAt  time.Time  `json:"receivedAt"`
	ProcessedAt *time.Time `json:"processedAt,omitempty"`
	FailedAt    *time.Time `json:"failedAt,omitempty"`
	Bronze      Location   `json:"bronze"`
	Silver      *Location  `json:"silver,omitempty"`
	Filtered    Filtered   `json:"dropped,omitzero"`
	Failure     *Failure   `json:"failure,omitempty"`
}

// NewNotification is the notice of an item that is PROCESSED or FAILED.
func NewNotification(item Item) Notification {
	detail := Detail{
		EventID:    item.ID,
		EventType:  item.Type,
		Status:     item.Status,
		ReceivedAt: item.ReceivedAt,
		Bronze:     item.Bronze,
	}
	if item.Status == Failed {
		detail.FailedAt, detail.Failure = &item.FailedAt, &item.Failure
		return Notification{EventFailed, detail}
	}
	detail.ProcessedAt, detail.Silver, detail.Filtered = &item.ProcessedAt, &item.Silver, item.Filtered
	return Notification{EventProcessed, detail}
}

// NewFailure is what may be told of an error to whoever may see the event's status: for an error of ours its sentence,
// for a service's or a processor's only that it failed, since its text may name accounts and endpoints.
func NewFailure(err error) Failure {
	var e *Error
	if errors.As(err, &e) && e.Code == ProcessorError {
		return Failure{Code: e.Code, Reason: "the processor could not finish the event; its log has the cause under the event's id"}
	}
	if !errors.As(err, &e) || e.Code == Unavailable || e.Code == Internal {
		return Failure{Code: ErrorCode(err), Reason: "the platform could not finish the event; its log has the cause under the event's id"}
	}
	return Failure{Code: e.Code, Reason: e.Detail}
}
