package pipeline

import (
	"fmt"
	"time"
)

// Status is where an event is in its life: ENQUEUED → PROCESSED, or ENQUEUED → FAILED.
type Status string

const (
	// Enqueued: durable in Bronze, its reference is on the queue.
	Enqueued Status = "ENQUEUED"
	// Processed: its record is in Silver and the bus was told.
	Processed Status = "PROCESSED"
	// Failed: it can't be processed; its message is in the DLQ, or on its way there.
	Failed Status = "FAILED"
)

// Item is what the events table holds of an event.
type Item struct {
	Event
	Status      Status
	Attempts    int       // deliveries to the worker until the last move; 0 while ENQUEUED
	ProcessedAt time.Time // when it became PROCESSED
	Silver      Location  // when PROCESSED
	FailedAt    time.Time // when it became FAILED
	Failure     Failure   // when FAILED
	ExpiresAt   time.Time // after it the table may forget the item; zero is never
}

// Failure says why an event is FAILED.
type Failure struct {
	Code   Code   `json:"code"`
	Reason string `json:"reason"`
}

// TransitionError is what a store returns when an event is not in a state from which it may move there.
type TransitionError struct {
	EventID  string
	From, To Status
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("event %s is %s and can't become %s", e.EventID, e.From, e.To)
}

// Expiry is the time at which an event's item may be forgotten: retention after its receipt, or never for 0.
func Expiry(e Event, retention time.Duration) time.Time {
	if retention == 0 {
		return time.Time{}
	}
	return e.ReceivedAt.Add(retention).Truncate(time.Second)
}
