package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Notification reports on the bus that an event is PROCESSED or FAILED. It never contains the
// payload: consumers read Silver.
type Notification struct {
	Type   string // detail type: contract.EventProcessed or contract.EventFailed
	Detail Detail
}

// Detail describes the event of a notification. A notification may be repeated; the event id lets
// consumers skip duplicates.
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

// NewNotification returns the notification of an item that is PROCESSED or FAILED.
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
		return Notification{contract.EventFailed, detail}
	}
	detail.ProcessedAt, detail.Silver = &item.ProcessedAt, &item.Silver
	detail.Filtered = item.Filtered
	return Notification{contract.EventProcessed, detail}
}

// publish sends the notification of one item.
func publish(ctx context.Context, bus Bus, item Item) error {
	return bus.Publish(ctx, []Notification{NewNotification(item)})[0]
}

// NewFailure returns the part of an error that the event's caller may see. The text of a service's
// or a processor's error is left out: it may contain account ids and endpoints.
func NewFailure(err error) Failure {
	code := ErrorCode(err)
	switch code {
	case ProcessorError:
		return Failure{code, "the processor could not finish the event; " +
			"its log has the cause under the event's id"}
	case Unavailable, Internal:
		return Failure{code, "the platform could not finish the event; " +
			"its log has the cause under the event's id"}
	}
	var e *Error
	errors.As(err, &e) // only an Error has another code
	return Failure{code, e.Detail}
}
