package pipeline

import (
	"context"
	"errors"
	"time"
)

// Tries counts the failed deliveries of an ENQUEUED event, in its current generation. Failures and
// Crashes count toward MaxReceiveCount. A failure of an AWS service does not count, because the
// event is not the cause.
type Tries struct {
	Failures int   // deliveries whose processor failed
	Crashes  int   // deliveries whose worker crashed, except for the first delivery
	Begun    Begun // zero if no worker has begun a redelivery
}

// Begun marks an event while a worker processes a redelivery of its message. If the worker crashes,
// the mark remains. Otherwise the worker replaces the mark before it returns the message.
//
// First deliveries have no mark, to save a write.
type Begun struct {
	MessageID string
	Attempt   int       // number of the delivery
	Until     time.Time // end of the worker's invocation; zero if the worker returned the message
}

// afterReturn returns the value that replaces the mark when the worker returns the message. A
// delayed write of the mark requires the item's earlier value, so it can't overwrite this value.
func (b Begun) afterReturn() Begun { return Begun{MessageID: b.MessageID, Attempt: b.Attempt} }

func (t Tries) count() int { return t.Failures + t.Crashes }

// crashedBefore reports whether the worker that set the mark has crashed. It returns true only for
// the next delivery of the same message, after b.Until.
//
// Later deliveries ignore the mark, because it also remains if a worker fails to replace it.
func (b Begun) crashedBefore(d Delivery, now time.Time) bool {
	next := b.MessageID == d.MessageID && b.Attempt == d.Attempt-1
	return next && !b.Until.IsZero() && !now.Before(b.Until)
}

// reserved reports whether another message of the event still needs the mark. The next delivery of
// that message uses the mark to detect a crash.
func (b Begun) reserved(messageID string, now time.Time) bool {
	return b.MessageID != messageID && now.Before(b.Until.Add(serviceBackoff))
}

// afterCrash adds a crash to the tries if the worker of the previous delivery has crashed.
// Otherwise it returns the tries unchanged.
func (t Tries) afterCrash(d Delivery, now time.Time) Tries {
	if t.Begun.crashedBefore(d, now) {
		t.Crashes, t.Begun = t.Crashes+1, Begun{}
	}
	return t
}

// runsAlone reports whether the worker must run no other event at the same time. It returns true if
// a worker has crashed and only one try is left. Another event then can't cause the last crash.
func (t Tries) runsAlone(maxReceiveCount int) bool {
	return t.Crashes > 0 && t.count() >= maxReceiveCount-1
}

// crashedTooOften reports whether all tries are used up and at least two of them were crashes. The
// last try ran alone, so no other event can have crashed the worker in it.
func (t Tries) crashedTooOften(maxReceiveCount int) bool {
	return t.Crashes > 1 && t.count() >= maxReceiveCount
}

// afterCrash reports whether the worker of the previous delivery crashed.
func (t *task) afterCrash() bool { return t.unresolved() && t.tries.Crashes > t.itemTries.Crashes }

// countCrash stores the crash of the previous delivery's worker. Call it before any processor runs,
// because another message can crash this worker before the task begins.
func (w Worker) countCrash(ctx context.Context, t *task) error {
	return t.skipIfOutdated(w.setTries(ctx, t, t.tries))
}

// begin marks a redelivered event before its processor runs.
func (w Worker) begin(d deadlines, t *task) error {
	now := w.Now()
	if !t.redelivery || t.tries.Begun.reserved(t.Delivery.MessageID, now) {
		return nil
	}
	until := d.end
	if until.IsZero() {
		until = now
	}
	marked := t.tries
	marked.Begun = Begun{t.Delivery.MessageID, t.Delivery.Attempt, toMillis(until)}
	t.unmarked = t.itemTries
	err := w.setTries(d.finish, t, marked)
	if errors.Is(err, errBegun) {
		return err
	}
	// Even after any other error, the table can have stored the mark.
	t.itemTries, t.tries.Begun = marked, marked.Begun.afterReturn()
	return err
}

// errBegun reports that another delivery has marked the event or changed its tries.
var errBegun = errors.New("another delivery has marked the event or changed its tries")

// setTries stores the event's tries. It returns an outdatedError if the event is finished or has a
// newer message.
func (w Worker) setTries(ctx context.Context, t *task, tries Tries) error {
	if tries == t.itemTries || t.Event.ID == "" {
		return nil
	}
	// If the response to begin's write was lost, the table holds either itemTries or unmarked. The
	// loop compares with both. It compares with itemTries again, because the write can arrive late.
	var err error
	var moved *TransitionError
	for _, old := range []Tries{t.itemTries, t.unmarked, t.itemTries} {
		err = w.replaceTries(ctx, t.Event, old, tries)
		if !errors.As(err, &moved) || moved.From.Tries == tries || t.itemTries == t.unmarked {
			break
		}
	}
	switch {
	case err == nil:
	case !errors.As(err, &moved):
		return unavailable("store the event's tries", err)
	case moved.From.superseded(t.Event):
		return outdatedError{moved.From}
	case moved.From.Tries != tries: // else an earlier attempt of this call has stored the tries
		t.itemTries, t.unmarked, t.tries = moved.From.Tries, moved.From.Tries, moved.From.Tries
		return unavailable("store the event's tries", errBegun)
	}
	t.itemTries = tries
	return nil
}

func (w Worker) replaceTries(ctx context.Context, event Event, old, next Tries) error {
	expires := Expiry(event, w.StatusRetention)
	item := Item{Event: event, Status: Enqueued, Tries: old, ExpiresAt: expires}
	return w.Items.SetTries(ctx, item, next)
}

// superseded reports whether a message with the event has no effect, because the item is finished
// or has another generation. A redrive begins a new generation before it sends a message.
func (i Item) superseded(event Event) bool {
	return i.Status != Enqueued || !i.Replay.SameGeneration(event.Replay)
}
