package pipeline

import (
	"fmt"
	"time"
)

// Status represents the state of an event: ENQUEUED, then PROCESSED or FAILED. A redrive or a
// replay sets the event to ENQUEUED again.
type Status string

const (
	// Enqueued means that Bronze holds the event's payload and the queue holds its message.
	Enqueued Status = "ENQUEUED"
	// Processed means that Silver holds the event's record. The event's notification was published,
	// unless notifications are off.
	Processed Status = "PROCESSED"
	// Failed means that the event can't be processed. The DLQ holds the event's message until an
	// operator drops it or its retention ends.
	Failed Status = "FAILED"
)

// CheckMove returns an error if Move must not replace the item old by the item next. Only Finish
// changes ENQUEUED to PROCESSED or FAILED.
func CheckMove(old, next Item) error {
	redriven := next.Replay == old.Replay.nextRedrive()
	allowed := false
	switch old.Status + ">" + next.Status {
	case Enqueued + ">" + Enqueued: // by the reconciler, or a redrive after the worker crashed
		allowed = redriven || next.Replay == old.Replay && next.Reenqueues == old.Reenqueues+1
	case Failed + ">" + Enqueued:
		allowed = redriven
	case Processed + ">" + Enqueued: // by a replay that began later
		allowed = next.Replay.ID > old.Replay.ID
	case Failed + ">" + Processed: // the reconciler found the record in Silver
		allowed = next.Replay == old.Replay
	}
	if !allowed || old.ID != next.ID {
		return fmt.Errorf("event %s must not change from %s to %s", old.ID, old.Status, next.Status)
	}
	return nil
}

// TransitionError reports that the current state of an event does not allow a write. The write
// changed nothing.
type TransitionError struct {
	From Item // the current item
	To   Status
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("event %s must not change from %s to %s", e.From.ID, e.From.Status, e.To)
}

// Expiry returns the time after which the table can delete an event's item: the time of receipt
// plus retention. The zero time means no expiry.
//
// It returns the zero time if retention is 0, and for a replayed event. Finish then keeps the
// expiry of the existing item.
func Expiry(e Event, retention time.Duration) time.Time {
	if retention == 0 || e.Replay.ID != "" {
		return time.Time{}
	}
	return e.ReceivedAt.Add(retention).Truncate(time.Second)
}
