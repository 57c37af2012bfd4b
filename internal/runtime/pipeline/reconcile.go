package pipeline

import (
	"context"
	"time"
)

// BronzeLister walks through Bronze.
type BronzeLister interface {
	// Types returns some event types that come after that one, in order; none when there are no more.
	Types(ctx context.Context, after string) ([]string, error)
	// List returns some objects whose keys begin with prefix and come after that one, in order; none when there are no more.
	List(ctx context.Context, prefix, after string) ([]Object, error)
}

// Object is an object in a listing.
type Object struct {
	Key          string
	LastModified time.Time
}

// ItemMover moves items for the reconciler, a redrive and a replay.
type ItemMover interface {
	// GetMany returns the items that exist of those events, by id.
	GetMany(ctx context.Context, ids []string) (map[string]Item, error)
	// Move writes to in place of from, if the item is in from's state still.
	// *TransitionError: it is in another, maybe by an earlier try of this call; nothing was written.
	Move(ctx context.Context, from, to Item) error
}

// ReconcilerItems are the items as the reconciler sees and moves them. GetMany's may be stale: a move finds out.
type ReconcilerItems interface {
	ItemMover
	// Finish is ItemStore's.
	Finish(ctx context.Context, item Item) error
}

// BatchSender puts references on the queue, many at once.
type BatchSender interface {
	// SendMany returns an error, or nil, for each event in order. Any number is taken.
	SendMany(ctx context.Context, events []Event) []error
}

// ReconcilerQueue is the queue as the reconciler sees it.
type ReconcilerQueue interface {
	BatchSender
	// CountMessages is about how many messages it holds, those that are in flight or delayed included.
	CountMessages(ctx context.Context) (int, error)
}

// Reconciler heals what crashes left: it finds events in Bronze that are not at their end and should be, and enqueues
// them again. Any number of it may run at once, and beside the workers.
type Reconciler struct {
	Bronze          BronzeLister
	Items           ReconcilerItems
	Silver          SilverStore
	Queue           ReconcilerQueue
	DeadLetters     DeadLetterQueue
	Bus             Bus
	Checkpoints     CheckpointStore
	SilverBucket    string
	Grace           time.Duration // how long an event may be ENQUEUED before it is looked after
	Window          time.Duration // how far the first run looks back
	MaxReenqueues   int           // after which an event is FAILED
	StopBefore      time.Duration // how long before the context's deadline to stop, to save how far it got
	StatusRetention time.Duration
	Now             func() time.Time
	// OnError is told why an event could not be healed, one event at a time. Nil: nobody is.
	OnError func(ctx context.Context, event Event, err error)
}

// Pass is how far the reconciler has got on its way through Bronze.
type Pass struct {
	From       time.Time `json:"from"`               // events received from this hour on
	To         time.Time `json:"to"`                 // and up to this hour, which is the last
	Type       string    `json:"type,omitempty"`     // the event type it is at
	After      string    `json:"after,omitempty"`    // the last key it is done with
	Unfinished time.Time `json:"unsettled,omitzero"` // the earliest hour so far with an event that is not at its end
	Frontier   time.Time `json:"frontier,omitzero"`  // the latest time so far at which a PROCESSED event was enqueued
	Done       bool      `json:"done"`
}

// Report counts what a run found and did. With DryRun it did nothing. Each object is counted once more below Scanned.
type Report struct {
	From       time.Time `json:"from"`       // of what was received from then on
	To         time.Time `json:"to"`         // and before then
	Scanned    int       `json:"scanned"`    // objects in Bronze
	Processed  int       `json:"processed"`  // events that are PROCESSED
	Failed     int       `json:"failed"`     // events that are FAILED, and stay so
	Waiting    int       `json:"waiting"`    // events whose message is still on the queue, as far as can be told
	Young      int       `json:"young"`      // objects without an item whose request may still be under way
	Reenqueued int       `json:"reenqueued"` // events that were stuck and are on the queue again
	GivenUp    int       `json:"givenUp"`    // events that were stuck again and again and are FAILED now
	Repaired   int       `json:"repaired"`   // events that were FAILED, have their record and are PROCESSED now
	Orphans    int       `json:"orphans"`    // objects of requests that were never acknowledged
	Overtaken  int       `json:"overtaken"`  // events that somebody else moved meanwhile; nothing was done to them
	Errors     int       `json:"errors"`     // events that could not be healed; the next run tries again
	Done       bool      `json:"done"`       // false: time was up, the next run goes on from there
	DryRun     bool      `json:"dryRun"`
}

// NewPass is a whole pass over what was received from then on and had its time.
func (r Reconciler) NewPass(from time.Time) Pass {
	return Pass{From: from.UTC().Truncate(time.Hour), To: r.Now().Add(-r.Grace).UTC().Truncate(time.Hour)}
}

// Sweep goes through Bronze from a pass's position until its end, or until the context's is near: then the pass it
// returns is not Done, and a later Sweep can go on with it.
func (r Reconciler) Sweep(ctx context.Context, pass Pass, dryRun bool) (Pass, Report, error) {
	report := Report{From: pass.From, To: pass.To.Add(time.Hour), DryRun: dryRun}
	sweep := &sweep{Reconciler: r, Pass: pass, report: &report}
	steps, cancel := WithReserve(ctx, r.StopBefore)
	defer cancel()
	err := sweep.run(steps)
	if steps.Err() != nil && ctx.Err() == nil {
		err = nil // time is up: what was not finished, the next run does
	}
	report.Done = sweep.Done
	return sweep.Pass, report, err
}

// sweep is a pass on its way.
type sweep struct {
	Reconciler
	Pass
	report *Report
	idle   bool // the queue is empty: whatever is ENQUEUED since long has no message
}

func (s *sweep) run(ctx context.Context) error {
	waiting, err := s.Queue.CountMessages(ctx)
	if err != nil {
		return unavailable("count the queue's messages", err)
	}
	s.idle = waiting == 0
	if s.Type != "" { // where an earlier sweep stopped
		if err := s.sweepType(ctx, s.Type); err != nil {
			return err
		}
	}
	for {
		types, err := s.Bronze.Types(ctx, s.Type)
		if err != nil {
			return unavailable("list the event types", err)
		}
		if len(types) == 0 {
			s.Done = true
			return nil
		}
		for _, t := range types {
			if err := s.sweepType(ctx, t); err != nil {
				return err
			}
		}
	}
}

// sweepType goes through one type's objects a page at a time. What precedes From and follows To is not listed.
func (s *sweep) sweepType(ctx context.Context, eventType string) error {
	if s.Type != eventType {
		s.Type, s.After = eventType, BronzeHourPrefix(eventType, s.From)
	}
	for {
		objects, err := s.Bronze.List(ctx, bronzePrefix(eventType), s.After)
		if err != nil {
			return unavailable("list Bronze", err)
		}
		page := before(objects, BronzeHourPrefix(eventType, s.To.Add(time.Hour)))
		if len(page) > 0 {
			if err := s.page(ctx, page); err != nil {
				return err
			}
			s.After = page[len(page)-1].Key
		}
		if len(page) < len(objects) || len(page) == 0 {
			return nil
		}
	}
}

// before is the objects, in order, whose keys come before end.
func before(objects []Object, end string) []Object {
	for i, o := range objects {
		if o.Key >= end {
			return objects[:i]
		}
	}
	return objects
}
