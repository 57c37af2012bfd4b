package pipeline

import (
	"context"
	"time"
)

// Item stores the state of one event in the events table.
type Item struct {
	Event
	Status      Status
	RequestID   string    // request that created the item; "" if the event has no idempotency key
	BodySHA256  string    // hash of the request's body; "" if not a batch with an idempotency key
	Rejected    string    // indexes of the request's rejected events, such as "3,10"
	EnqueuedAt  time.Time // last change to ENQUEUED; zero if the worker created the item
	Reenqueues  int       // re-enqueues by the reconciler since the last redrive or replay
	Tries       Tries     // counted by the worker since the last redrive or replay
	Attempts    int       // deliveries until the event was finished; 0 while ENQUEUED
	ProcessedAt time.Time // set when PROCESSED
	Silver      Location  // set when PROCESSED
	Filtered    Filtered  // set when PROCESSED and filtered by the processor
	SplitOff    string    // spans of the parts of a PROCESSED batch; see formatSpans
	FailedAt    time.Time // set when FAILED
	Failure     Failure   // set when FAILED
	ExpiresAt   time.Time // the table can delete the item afterwards; zero means never
}

// Failure gives the reason why an event is FAILED.
type Failure struct {
	Code   Code   `json:"code"`
	Reason string `json:"reason"`
}

// LastEnqueued returns the time at which the event last became ENQUEUED.
func (i Item) LastEnqueued() time.Time {
	if i.EnqueuedAt.IsZero() {
		return i.ReceivedAt
	}
	return i.EnqueuedAt
}

// Expired reports whether the item has expired. DynamoDB deletes an expired item only after some
// days. Until then, reads return it.
func (i Item) Expired(now time.Time) bool {
	return !i.ExpiresAt.IsZero() && i.ExpiresAt.Before(now)
}

// reopenedRetention is the minimum time until the item of a reopened event expires. The item must
// exist until the event is finished.
const reopenedRetention = 30 * 24 * time.Hour

// Reopened returns the item that sets the event to ENQUEUED in a new generation.
func (i Item) Reopened(generation Replay, now time.Time) Item {
	item := Item{
		Event: i.Event, Status: Enqueued, RequestID: i.RequestID, ExpiresAt: i.ExpiresAt,
		BodySHA256: i.BodySHA256, Rejected: i.Rejected, SplitOff: i.SplitOff,
	}
	item.EnqueuedAt, item.Replay = toMillis(now), generation
	earliest := now.Add(reopenedRetention).UTC().Truncate(time.Second)
	if !i.ExpiresAt.IsZero() && i.ExpiresAt.Before(earliest) {
		item.ExpiresAt = earliest
	}
	return item
}

// toMillis returns t in UTC, truncated to milliseconds. All stored times have this precision.
func toMillis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// SameState reports whether both items represent the same state of the same event. Move requires
// that the stored item and the caller's item have the same state.
func (i Item) SameState(other Item) bool {
	return i.ID == other.ID && i.Bronze == other.Bronze && i.Replay == other.Replay &&
		i.Status == other.Status && i.Reenqueues == other.Reenqueues && i.Tries == other.Tries &&
		i.EnqueuedAt.Equal(other.EnqueuedAt) && i.ProcessedAt.Equal(other.ProcessedAt) &&
		i.FailedAt.Equal(other.FailedAt)
}

// Items creates and changes the items of events.
type Items interface {
	ItemCreator
	ItemUpdater
}

// ItemUpdater changes the items of events.
type ItemUpdater interface {
	// GetMany returns the items that exist, by event id. It omits items that can't be decoded.
	//
	// The ids must be distinct, as DynamoDB requires. The reads are strongly consistent, except in
	// the Reconciler.
	GetMany(ctx context.Context, ids []string) (map[string]Item, error)
	// Finish stores item, whose Status is PROCESSED or FAILED. Fields without a value in item keep
	// their stored value.
	//
	// The stored item must be ENQUEUED and of the same generation, or not exist. Otherwise Finish
	// writes nothing and returns a *TransitionError.
	Finish(ctx context.Context, item Item) error
	// SetTries replaces the tries of an ENQUEUED event. If the event has no item, SetTries stores
	// the parameter item with the new tries.
	//
	// A stored item must be ENQUEUED, with the generation and the tries of the parameter item.
	// Otherwise SetTries writes nothing and returns a *TransitionError.
	SetTries(ctx context.Context, item Item, tries Tries) error
	// Move replaces an event's stored item by the item next. Move writes nothing and returns a
	// *TransitionError if the stored item does not have the same state as the item old.
	//
	// Move also returns this error if the AWS SDK repeats a successful request whose response was
	// lost.
	Move(ctx context.Context, old, next Item) error
}

// getItems looks up the items of the list's events by event id. The function id returns the event
// id of an element, or "" to skip the element. Elements can have the same id.
func getItems[T any](
	ctx context.Context, items ItemUpdater, list []T, id func(T) string,
) (map[string]Item, error) {
	var ids []string
	seen := map[string]bool{"": true}
	for _, element := range list {
		if id := id(element); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := items.GetMany(ctx, ids)
	if err != nil {
		return nil, unavailable("look up the events' items", err)
	}
	return found, nil
}
