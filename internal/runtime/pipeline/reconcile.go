package pipeline

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ReconcilerQueue enqueues events again and estimates the queue's size.
type ReconcilerQueue interface {
	BatchSender
	// CountMessages returns the approximate number of messages, including messages that are in
	// flight or delayed.
	CountMessages(ctx context.Context) (int, error)
}

// Reconciler finds events in Bronze that a crash left unfinished, and enqueues them again. Several
// reconcilers and workers can run at the same time.
type Reconciler struct {
	Bronze BronzeLister
	// GetMany can be eventually consistent, because Move and Finish detect stale items.
	Items           ItemUpdater
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
	// OnError is called with each event that could not be reconciled, and with its error. Calls do
	// not overlap. If OnError is nil, the report only counts such events.
	OnError func(ctx context.Context, event Event, err error)
}

// Pass represents a pass of the reconciler through Bronze, and the progress of the pass.
type Pass struct {
	From       time.Time `json:"from"`               // first hour of receipt, inclusive
	To         time.Time `json:"to"`                 // last hour of receipt, inclusive
	Type       string    `json:"type,omitempty"`     // current event type
	After      string    `json:"after,omitempty"`    // last key that was checked
	Unfinished time.Time `json:"unsettled,omitzero"` // earliest hour with an unfinished event
	Frontier   time.Time `json:"frontier,omitzero"`  // latest LastEnqueued of a PROCESSED event
	Done       bool      `json:"done"`
}

// Report counts what one run has found and done. A dry run has the same counts, but changes
// nothing. Each scanned object is counted in exactly one of the fields from Processed to Errors.
type Report struct {
	From       time.Time `json:"from"`       // first time of receipt, inclusive
	To         time.Time `json:"to"`         // last time of receipt, exclusive
	Scanned    int       `json:"scanned"`    // objects in Bronze, and parts of batches
	Processed  int       `json:"processed"`  // PROCESSED events
	Failed     int       `json:"failed"`     // FAILED events without a record
	Waiting    int       `json:"waiting"`    // events whose message is probably on the queue
	Young      int       `json:"young"`      // younger than the grace period, without an item
	Reenqueued int       `json:"reenqueued"` // stuck events that are on the queue again
	GivenUp    int       `json:"givenUp"`    // stuck events that became FAILED
	Repaired   int       `json:"repaired"`   // events with a record that became PROCESSED
	Orphans    int       `json:"orphans"`    // objects of requests that were never acknowledged
	Overtaken  int       `json:"overtaken"`  // events that another writer has moved meanwhile
	Errors     int       `json:"errors"`     // events that could not be reconciled
	Done       bool      `json:"done"`       // false if the run ended early; the next run continues
	DryRun     bool      `json:"dryRun"`
}

// Lag returns the age of the earliest hour of receipt that can contain unchecked events.
//
// The lag grows until a run completes the pass. The lag then falls to the grace period, or up to an
// hour more.
func (r Report) Lag(now time.Time) time.Duration {
	if r.Done {
		return now.Sub(r.To.Add(-time.Hour))
	}
	return now.Sub(r.From)
}

// NewPass returns a pass whose first hour contains start. Its last hour contains the current time
// minus the grace period.
func (r Reconciler) NewPass(start time.Time) Pass {
	return Pass{
		From: start.UTC().Truncate(time.Hour),
		To:   r.Now().Add(-r.Grace).UTC().Truncate(time.Hour),
	}
}

// RunPass runs a pass until it is Done, or until only StopBefore remains before the context's
// deadline. It returns the pass with its progress. Another call can continue an unfinished pass.
func (r Reconciler) RunPass(ctx context.Context, pass Pass, dryRun bool) (Pass, Report, error) {
	report := Report{From: pass.From, To: pass.To.Add(time.Hour), DryRun: dryRun}
	s := &passRun{Reconciler: r, Pass: pass, report: &report}
	limited, cancel := WithReserve(ctx, r.StopBefore)
	defer cancel()
	err := s.run(limited)
	if limited.Err() != nil && ctx.Err() == nil {
		err = nil // the next run continues the pass
	}
	report.Done = s.Done
	return s.Pass, report, err
}

// passRun holds the state of a pass in progress.
type passRun struct {
	Reconciler
	Pass
	report     *Report
	queueEmpty bool
	mu         sync.Mutex // held while a page's events are classified and repaired
}

func (s *passRun) run(ctx context.Context) error {
	messages, err := s.Queue.CountMessages(ctx)
	if err != nil {
		return unavailable("count the queue's messages", err)
	}
	s.queueEmpty = messages == 0
	if s.Type != "" { // an earlier run stopped in the middle of this type
		if err := s.checkType(ctx, s.Type); err != nil {
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
			if err := s.checkType(ctx, t); err != nil {
				return err
			}
		}
	}
}

// checkType checks a type's objects in the hours that the pass covers.
func (s *passRun) checkType(ctx context.Context, eventType string) error {
	if s.Type != eventType {
		s.Type, s.After = eventType, BronzeHourPrefix(eventType, s.From)
	}
	high := BronzeHourPrefix(eventType, s.To.Add(time.Hour))
	pages := 0
	err := forEachPage(ctx, s.Bronze, eventType, s.After, high, func(page []Object) error {
		if err := s.checkPage(ctx, page); err != nil {
			return err
		}
		s.After = page[len(page)-1].Key
		if pages++; pages == pagesBeforeSplit {
			return errSplit
		}
		return nil
	})
	if errors.Is(err, errSplit) {
		return s.checkRanges(ctx, eventType, high)
	}
	return err
}
