package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Notification tells consumers on the event bus that an event is PROCESSED or FAILED. It never
// contains the payload, which consumers can read from Silver.
type Notification struct {
	Type       string // detail type, such as contract.EventProcessed
	Generation Replay // generation that is PROCESSED or FAILED
	Detail     Detail
}

// Detail describes the event of a notification. The worker can publish a notification twice. Both
// then have the same EventID, Status, ReplayID and Redrives.
type Detail struct {
	EventID     string     `json:"eventId"`
	EventType   string     `json:"eventType"`
	Status      Status     `json:"status"`
	ReplayID    string     `json:"replayId,omitempty"`
	Redrives    int        `json:"redrives,omitempty"` // since the replay
	ReceivedAt  time.Time  `json:"receivedAt"`
	ProcessedAt *time.Time `json:"processedAt,omitempty"`
	FailedAt    *time.Time `json:"failedAt,omitempty"`
	Bronze      Location   `json:"bronze"`
	Silver      *Location  `json:"silver,omitempty"`
	Filtered    Filtered   `json:"dropped,omitzero"`
	Failure     *Failure   `json:"failure,omitempty"`
	Count       int        `json:"count,omitempty"`     // number of events in a batch or range
	Processed   int        `json:"processed,omitempty"` // number of a batch's events with a record
	SplitOff    []string   `json:"splitOff,omitempty"`  // of a batch: ids of its parts
}

// NewNotification returns the notification of an item that is PROCESSED or FAILED.
func NewNotification(item Item) Notification {
	detail := Detail{
		EventID:    item.ID,
		EventType:  item.Type,
		Status:     item.Status,
		ReplayID:   item.Replay.ID,
		Redrives:   item.Replay.Redrives,
		ReceivedAt: item.ReceivedAt,
		Bronze:     item.Bronze,
	}
	if item.Status == Failed {
		detail.FailedAt, detail.Failure = &item.FailedAt, &item.Failure
		if item.IsBatch() {
			detail.Count = item.Events()
		}
		return Notification{contract.EventFailed, item.Replay, detail}
	}
	detail.ProcessedAt, detail.Silver = &item.ProcessedAt, &item.Silver
	detail.Filtered = item.Filtered
	return Notification{contract.EventProcessed, item.Replay, detail}
}

// notificationsOf returns the notifications of a PROCESSED event, or of the events of a batch.
func (w Worker) notificationsOf(t *task) []Notification {
	switch {
	case w.Notifications == NotifyNone:
		return nil
	case !t.Event.IsBatch():
		return []Notification{NewNotification(t.item)}
	case w.Notifications == NotifyPerBatch:
		n := NewNotification(t.item)
		n.Type, n.Detail.Count, n.Detail.Processed = contract.BatchProcessed, t.Event.Events(),
			len(t.batch.records)
		for _, part := range t.batch.parts {
			n.Detail.SplitOff = append(n.Detail.SplitOff, part.ID)
		}
		return []Notification{n}
	}
	var notifications []Notification
	for _, record := range t.batch.records {
		n := NewNotification(t.item)
		n.Detail.EventID, n.Detail.Filtered = record.ID, record.Filtered
		notifications = append(notifications, n)
	}
	return notifications
}

// Notifications sets what the worker publishes about PROCESSED events.
type Notifications string

// Values of Notifications. The zero value means NotifyPerEvent.
const (
	NotifyPerEvent Notifications = contract.NotifyPerEvent
	NotifyPerBatch Notifications = contract.NotifyPerBatch // one BatchProcessed for a batch
	NotifyNone     Notifications = contract.NotifyNone
)

// publish sends the notification of one item.
func publish(ctx context.Context, bus Bus, item Item) error {
	return bus.Publish(ctx, []Notification{NewNotification(item)})[0]
}

// NewFailure converts an error to the code and reason that the event's caller can see. It omits the
// error text of services and processors, which can contain account ids and endpoints.
func NewFailure(err error) Failure {
	code := ErrorCode(err)
	switch code {
	case ProcessorError:
		return Failure{code, "the processor could not finish the event; " +
			"search the worker's log for the event's id to find the cause"}
	case Unavailable, Internal:
		return Failure{code, "the platform could not finish the event; " +
			"search the worker's log for the event's id to find the cause"}
	}
	var e *Error
	errors.As(err, &e) // only an Error has another code
	return Failure{code, e.Detail}
}
