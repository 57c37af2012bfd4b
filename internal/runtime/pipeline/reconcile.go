package pipeline

import (
	"context"
	"time"
)

// ReconcilerQueue enqueues events again and estimates the queue's size.
type ReconcilerQueue interface {
	BatchSender
	// CountMessages returns the approximate number of messages, including those that are in flight
	// or delayed.
	CountMessages(ctx context.Context) (int, error)
}

// Reconciler finds events in Bronze that a crash left unfinished, and enqueues them again. Several
// reconcilers may run at once, and beside workers.
type Reconciler struct {
	Bronze BronzeLister
	Items  interface { // GetMany may be eventually consistent: Move and Finish detect stale items
		ItemFinisher
		ItemMover
	}
	Silver          SilverStore
	Queue           ReconcilerQueue
	DeadLetters     DeadLetterQueue
	Bus             Bus
	Checkpoints     CheckpointStore
	SilverBucket    string
	Grace           time.Duration // minimum age of an event that is treated as stuck
	Window          time.Duration // how far the first run looks back
	MaxReenqueues   int           // re-enqueues after which a stuck event becomes FAILED
	StopBefore      time.Duration // reserve before the context's deadline; see deadlines.go
	StatusRetention time.Duration // lifetime of items; 0 means unlimited
	Now             func() time.Time
	// OnError receives the error for which an event could not be reconciled. Calls do not overlap.
	// nil ignores the errors; the report counts them.
	OnError func(ctx context.Context, event Event, err error)
}

// Pass represents one pass of the reconciler through Bronze, and its progress.
type Pass struct {
	From       time.Time `json:"from"`               // first hour of receipt, inclusive
	To         time.Time `json:"to"`                 // last hour of receipt, inclusive
	Type       string    `json:"type,omitempty"`     // current event type
	After      string    `json:"after,omitempty"`    // last key that was checked
	Unfinished time.Time `json:"unsettled,omitzero"` // earliest hour with an unfinished event
	Frontier   time.Time `json:"frontier,omitzero"`  // latest LastEnqueued of PROCESSED events
	Done       bool      `json:"done"`
}

// Report counts the findings and actions of one run. A dry run takes no action. Each scanned object
// counts in exactly one of Processed to Errors.
type Report struct {
	From       time.Time `json:"from"`       // first time of receipt, inclusive
	To         time.Time `json:"to"`         // last time of receipt, exclusive
	Scanned    int       `json:"scanned"`    // objects in Bronze
	Processed  int       `json:"processed"`  // PROCESSED events
	Failed     int       `json:"failed"`     // FAILED events without a record
	Waiting    int       `json:"waiting"`    // events whose message is probably on the queue
	Young      int       `json:"young"`      // objects without item, within the grace period
	Reenqueued int       `json:"reenqueued"` // stuck events that are on the queue again
	GivenUp    int       `json:"givenUp"`    // stuck events that became FAILED
	Repaired   int       `json:"repaired"`   // events with a record that became PROCESSED
	Orphans    int       `json:"orphans"`    // objects of requests that were never acknowledged
	Overtaken  int       `json:"overtaken"`  // events that another writer moved meanwhile
	Errors     int       `json:"errors"`     // events that could not be reconciled
	Done       bool      `json:"done"`       // false if the time was up; the next run continues
	DryRun     bool      `json:"dryRun"`
}

// NewPass returns a pass through everything received from then on and older than the grace period.
func (r Reconciler) NewPass(from time.Time) Pass {
	return Pass{
		From: from.UTC().Truncate(time.Hour),
		To:   r.Now().Add(-r.Grace).UTC().Truncate(time.Hour),
	}
}

// Sweep continues a pass until its end, or until StopBefore before the context's deadline. A pass
// that is not Done can be continued by another Sweep.
func (r Reconciler) Sweep(ctx context.Context, pass Pass, dryRun bool) (Pass, Report, error) {
	report := Report{From: pass.From, To: pass.To.Add(time.Hour), DryRun: dryRun}
	s := &sweep{Reconciler: r, Pass: pass, report: &report}
	limited, cancel := WithReserve(ctx, r.StopBefore)
	defer cancel()
	err := s.run(limited)
	if limited.Err() != nil && ctx.Err() == nil {
		err = nil // time is up: the next run continues
	}
	report.Done = s.Done
	return s.Pass, report, err
}

// sweep holds the state of a pass in progress.
type sweep struct {
	Reconciler
	Pass
	report     *Report
	queueEmpty bool
}

func (s *sweep) run(ctx context.Context) error {
	messages, err := s.Queue.CountMessages(ctx)
	if err != nil {
		return unavailable("count the queue's messages", err)
	}
	s.queueEmpty = messages == 0
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

// sweepType checks one type's objects from From to To.
func (s *sweep) sweepType(ctx context.Context, eventType string) error {
	if s.Type != eventType {
		s.Type, s.After = eventType, BronzeHourPrefix(eventType, s.From)
	}
	before := BronzeHourPrefix(eventType, s.To.Add(time.Hour))
	return forEachPage(ctx, s.Bronze, eventType, s.After, before, func(page []Object) error {
		if err := s.checkPage(ctx, page); err != nil {
			return err
		}
		s.After = page[len(page)-1].Key
		return nil
	})
}
