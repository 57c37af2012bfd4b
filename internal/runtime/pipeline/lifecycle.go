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
	// Processed means that Silver holds the event's record and that its notification was published.
	Processed Status = "PROCESSED"
	// Failed means that the event can't be processed and that the DLQ holds its message.
	Failed Status = "FAILED"
)

// CheckMove returns an error if Move must not replace the item from by the item to. Move never
// changes ENQUEUED to PROCESSED or FAILED: only Finish does.
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

// TransitionError reports that the current state of an event does not allow a write. The write
// changed nothing.
type TransitionError struct {
	From Item // the current item
	To   Status
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("event %s must not move from %s to %s", e.From.ID, e.From.Status, e.To)
}

// Expiry returns the time after which the table may delete an event's item: retention after the
// event's receipt. The zero time means never. Expiry returns the zero time if retention is 0, and
// for a replayed event, because its item keeps the expiry that it has.
func Expiry(e Event, retention time.Duration) time.Time {
	if retention == 0 || e.Replay.ID != "" {
		return time.Time{}
	}
	return e.ReceivedAt.Add(retention).Truncate(time.Second)
}
