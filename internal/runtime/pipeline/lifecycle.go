package pipeline

import (
	"fmt"
	"time"
)

// Status is where an event is in its life: ENQUEUED → PROCESSED, or ENQUEUED → FAILED. A redrive or a replay sets it
// ENQUEUED again.
type Status string

const (
	// Enqueued: durable in Bronze, its reference is on the queue.
	Enqueued Status = "ENQUEUED"
	// Processed: its record is in Silver and the bus was told.
	Processed Status = "PROCESSED"
	// Failed: it can't be processed; its message is in the DLQ.
	Failed Status = "FAILED"
)

// Item is what the events table holds of an event.
type Item struct {
	Event
	Status      Status
	EnqueuedAt  time.Time // when it last became ENQUEUED; zero in an item that the worker made: at its receipt
	Reenqueues  int       // how often the reconciler has put its message on the queue since then
	Attempts    int       // deliveries to the worker until the last move; 0 while ENQUEUED
	ProcessedAt time.Time // when it became PROCESSED
	Silver      Location  // when PROCESSED
	Filtered    Filtered  // when PROCESSED and dropped by the processor
	FailedAt    time.Time // when it became FAILED
	Failure     Failure   // when FAILED
	ExpiresAt   time.Time // after it the table may forget the item; zero is never
}

// Failure says why an event is FAILED.
type Failure struct {
	Code   Code   `json:"code"`
	Reason string `json:"reason"`
}

// LastEnqueued is when the event last became ENQUEUED.
func (i Item) LastEnqueued() time.Time {
	if i.EnqueuedAt.IsZero() {
		return i.ReceivedAt
	}
	return i.EnqueuedAt
}

// Expired tells whether the item is past its time. The table takes up to days to delete such items.
func (i Item) Expired(now time.Time) bool { return !i.ExpiresAt.IsZero() && i.ExpiresAt.Before(now) }

// Reopened is the item as it becomes when its event is enqueued once more, for a new generation.
func (i Item) Reopened(generation Replay, now time.Time) Item {
	event := i.Event
	event.Replay = generation
	item := Item{Event: event, Status: Enqueued, EnqueuedAt: now.UTC().Truncate(time.Millisecond), ExpiresAt: i.ExpiresAt}
	if least := now.Add(reopenedRetention).UTC().Truncate(time.Second); !i.ExpiresAt.IsZero() && i.ExpiresAt.Before(least) {
		item.ExpiresAt = least
	}
	return item
}

// reopenedRetention is how long the item of an event that was reopened is kept at least, from then on.
const reopenedRetention = 30 * 24 * time.Hour

// SameState tells whether both are the same moment of the same event's life. A move is made on condition that the item
// is still in the state that was read.
func (i Item) SameState(other Item) bool {
	return i.ID == other.ID && i.Bronze == other.Bronze && i.Replay == other.Replay &&
		i.Status == other.Status && i.Reenqueues == other.Reenqueues && i.EnqueuedAt.Equal(other.EnqueuedAt) &&
		i.ProcessedAt.Equal(other.ProcessedAt) && i.FailedAt.Equal(other.FailedAt)
}

// CheckMove reports a move that is no part of an event's life. PROCESSED and FAILED follow ENQUEUED by Finish alone.
func CheckMove(from, to Item) error {
	redriven := from.Replay.NextRedrive()
	legal := false
	switch [2]Status{from.Status, to.Status} {
	case [2]Status{Enqueued, Enqueued}: // by the reconciler, or a redrive of what a killed worker left
		legal = from.Replay == to.Replay && to.Reenqueues == from.Reenqueues+1 || to.Replay == redriven
	case [2]Status{Failed, Enqueued}:
		legal = to.Replay == redriven
	case [2]Status{Processed, Enqueued}:
		legal = to.Replay.ID > from.Replay.ID // replayed, by a replay that began later
	case [2]Status{Failed, Processed}: // its record was found in Silver
		legal = from.Replay == to.Replay
	}
	if !legal || from.ID != to.ID {
		return fmt.Errorf("event %s can't move from %s to %s so", from.ID, from.Status, to.Status)
	}
	return nil
}

// TransitionError is what a store returns when an event is not in a state from which it may move there. Nothing was
// written.
type TransitionError struct {
	From Item // as it is
	To   Status
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("event %s is %s and can't become %s", e.From.ID, e.From.Status, e.To)
}

// Expiry is the time at which an event's item may be forgotten: retention after its receipt, or never for 0. Who replays
// an event has set its item's already, from the replay on: then it is zero, too.
func Expiry(e Event, retention time.Duration) time.Time {
	if retention == 0 || e.Replay.ID != "" {
		return time.Time{}
	}
	return e.ReceivedAt.Add(retention).Truncate(time.Second)
}
