package pipeline

import (
	"fmt"
	"time"
)

// Status represents the state of an event: ENQUEUED, then PROCESSED or FAILED. A redrive or a
// replay sets it to ENQUEUED again.
type Status string

const (
	// Enqueued events are durable in Bronze; the queue holds their message.
	Enqueued Status = "ENQUEUED"
	// Processed events have their record in Silver and a notification on the bus.
	Processed Status = "PROCESSED"
	// Failed events can't be processed; the DLQ holds their message.
	Failed Status = "FAILED"
)

// CheckMove returns an error if Move must not change from into to. Only Finish changes ENQUEUED to
// PROCESSED or FAILED.
func CheckMove(from, to Item) error {
	redriven := to.Replay == from.Replay.NextRedrive()
	allowed := false
	switch from.Status + ">" + to.Status {
	case Enqueued + ">" + Enqueued: // by the reconciler, or a redrive after the worker crashed
		allowed = redriven || to.Replay == from.Replay && to.Reenqueues == from.Reenqueues+1
	case Failed + ">" + Enqueued:
		allowed = redriven
	case Processed + ">" + Enqueued: // by a replay that began later
		allowed = to.Replay.ID > from.Replay.ID
	case Failed + ">" + Processed: // the reconciler found the record in Silver
		allowed = to.Replay == from.Replay
	}
	if !allowed || from.ID != to.ID {
		return fmt.Errorf("event %s must not move from %s to %s", from.ID, from.Status, to.Status)
	}
	return nil
}

// TransitionError reports that an event is in a state that does not allow a write. Nothing was
// written.
type TransitionError struct {
	From Item // the current item
	To   Status
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("event %s must not move from %s to %s", e.From.ID, e.From.Status, e.To)
}

// Expiry returns the time after which the table may delete an event's item: retention after the
// event's receipt. It returns zero, which means never, if retention is 0, and for a replayed event,
// whose item already has its expiry.
func Expiry(e Event, retention time.Duration) time.Time {
	if retention == 0 || e.Replay.ID != "" {
		return time.Time{}
	}
	return e.ReceivedAt.Add(retention).Truncate(time.Second)
}
