package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// ItemStore moves the items of events that the worker handles.
type ItemStore interface {
	// GetMany returns the items that exist of those events, by id, as they are now; one that can't be read counts as
	// absent. An id that is given twice is an error, as it is DynamoDB's.
	GetMany(ctx context.Context, ids []string) (map[string]Item, error)
	// Finish moves an event from ENQUEUED to item's status, PROCESSED or FAILED, making the whole item if there is none.
	// *TransitionError: the event was in another state; nothing was written.
	Finish(ctx context.Context, item Item) error
}

// BronzeReader reads raw payloads.
type BronzeReader interface {
	// Get returns the object under key. ErrNotFound: there is none.
	Get(ctx context.Context, key string) ([]byte, error)
}

// SilverWriter stores records, one for each event.
type SilverWriter interface {
	// Put stores body under key. ErrExists: the key is taken; nothing was written.
	Put(ctx context.Context, key string, body []byte) error
}

// Bus tells others what became of events.
type Bus interface {
	// Publish returns an error, or nil, for each notice in order: one may fail while others are out. Any number is taken.
	Publish(ctx context.Context, notices []Notice) []error
}

// Retrier decides when a message that was not processed is delivered again.
type Retrier interface {
	// Delay hides the message for d, counted from now. It may come earlier, so nothing may depend on it.
	Delay(ctx context.Context, receipt string, d time.Duration) error
}

// Delivery is one message as the queue delivered it.
type Delivery struct {
	MessageID string
	Receipt   string
	Attempt   int // 1 the first time
	Body      []byte
}

// Result is what became of a delivery. The message is to be deleted if Err is nil and kept otherwise.
type Result struct {
	Delivery Delivery
	Event    Event // as far as the message could be read
	Status   Status
	Repeat   bool // the event was PROCESSED before: nothing was done
	Err      error
	RetryIn  time.Duration // with Err: when it comes again; 0 with FAILED
}

// Worker processes deliveries.
type Worker struct {
	Items           ItemStore
	Bronze          BronzeReader
	Silver          SilverWriter
	Bus             Bus
	Queue           Retrier
	BronzeBucket    string
	SilverBucket    string
	MaxReceiveCount int           // deliveries after which the queue moves a message to the DLQ
	StopBefore      time.Duration // how long before the context's deadline to stop, to hand back what is not done
	StatusRetention time.Duration
	Now             func() time.Time
	Jitter          func() float64 // uniform in [0, 1)
}

// Process handles a batch and returns a result for each delivery, in order. One event's failure is its own.
//
// An event goes Bronze → record → Silver → bus → PROCESSED. The status comes last: were it written earlier, a crash
// behind it would lose what had not been put out yet, since a PROCESSED event is never looked at again.
func (w Worker) Process(ctx context.Context, deliveries []Delivery) []Result {
	works := make([]*work, len(deliveries))
	for i, d := range deliveries {
		works[i] = w.read(d)
	}
	steps, cancel := EndingBefore(ctx, w.StopBefore)
	defer cancel()
	w.lookUp(steps, works)
	each(works, (*work).open, func(k *work) { k.err = w.makeRecord(steps, k) })
	w.publish(steps, works)
	each(works, (*work).open, func(k *work) { k.err = w.complete(steps, k) })
	each(works, (*work).failed, func(k *work) { w.giveBack(ctx, k) })

	results := make([]Result, len(works))
	for i, k := range works {
		results[i] = k.result()
	}
	return results
}

// work is a delivery on its way through the steps.
type work struct {
	delivery Delivery
	event    Event
	repeat   bool
	item     Item // what it becomes
	err      error
	retryIn  time.Duration
}

func (k *work) open() bool   { return k.err == nil && !k.repeat }
func (k *work) failed() bool { return k.err != nil }

func (k *work) result() Result {
	return Result{
		Delivery: k.delivery, Event: k.event, Status: k.item.Status, Repeat: k.repeat, Err: k.err, RetryIn: k.retryIn,
	}
}

// EndingBefore is ctx, ending d before its deadline, if it has one: to leave time for what must follow.
func EndingBefore(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-d))
}

// sideBySide is how many events of a batch are in the same step at once; each holds its payload in memory.
const sideBySide = 32

// each does step for all works that match, side by side, and returns when all are done.
func each(works []*work, match func(*work) bool, step func(*work)) {
	var running sync.WaitGroup
	slots := make(chan struct{}, sideBySide)
	for _, k := range works {
		if !match(k) {
			continue
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			defer k.survive()
			step(k)
		})
	}
	running.Wait()
}

// survive makes a panic in an event's step that event's failure instead of the whole batch's.
func (k *work) survive() {
	if cause := recover(); cause != nil {
		k.err = &Error{Code: Internal, Detail: "panic", Err: fmt.Errorf("%v\n%s", cause, debug.Stack())}
	}
}

func (w Worker) read(d Delivery) *work {
	k := &work{delivery: d, item: Item{Status: Enqueued}}
	var event Event
	if err := json.Unmarshal(d.Body, &event); err != nil {
		k.err = &Error{Code: InvalidMessage, Detail: "the message is not JSON of an event", Err: err}
		return k
	}
	if k.err = event.Check(w.BronzeBucket); k.err == nil {
		k.event = event
	}
	return k
}

// lookUp finds out which events are at their end already.
func (w Worker) lookUp(ctx context.Context, works []*work) {
	var ids []string
	seen := make(map[string]bool)
	for _, k := range works {
		if k.open() && !seen[k.event.ID] {
			seen[k.event.ID] = true
			ids = append(ids, k.event.ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	items, err := w.Items.GetMany(ctx, ids)
	for _, k := range works {
		if !k.open() {
			continue
		}
		switch item := items[k.event.ID]; {
		case err != nil:
			k.err = unavailable("look up the event's item", err)
		case item.Status == Processed:
			k.item, k.repeat = item, true
		case item.Status == Failed:
			// Only who redrives it may reopen it, and sets it ENQUEUED with that. Kept, the message ends in the DLQ again.
			k.item, k.err = item, Errorf(AlreadyFailed, "the event is FAILED and was not redriven")
		}
	}
}

func (w Worker) makeRecord(ctx context.Context, k *work) error {
	payload, err := w.Bronze.Get(ctx, k.event.Bronze.Key)
	if errors.Is(err, ErrNotFound) {
		return Errorf(PayloadMissing, "Bronze has no object %s", k.event.Bronze.Key)
	}
	if err != nil {
		return unavailable("get the payload", err)
	}
	if sum := sha256.Sum256(payload); hex.EncodeToString(sum[:]) != k.event.SHA256 {
		return Errorf(PayloadMismatch, "Bronze object %s does not have the hash that was accepted", k.event.Bronze.Key)
	}
	record, err := NewRecord(k.event, payload, w.Now())
	if err != nil {
		return err
	}
	line, err := record.Line()
	if err != nil {
		return err
	}
	// A record that exists is from an earlier delivery that did not get to the end.
	if err := w.Silver.Put(ctx, k.event.SilverKey(), line); err != nil && !errors.Is(err, ErrExists) {
		return unavailable("store the record", err)
	}
	k.item = Item{
		Event:       k.event,
		Status:      Processed,
		Attempts:    k.delivery.Attempt,
		ProcessedAt: record.ProcessedAt,
		Silver:      Location{Bucket: w.SilverBucket, Key: k.event.SilverKey()},
		ExpiresAt:   Expiry(k.event, w.StatusRetention),
	}
	return nil
}

func (w Worker) publish(ctx context.Context, works []*work) {
	var notices []Notice
	var told []*work
	for _, k := range works {
		if k.open() {
			notices = append(notices, NoticeOf(k.item))
			told = append(told, k)
		}
	}
	if len(notices) == 0 {
		return
	}
	for i, err := range w.Bus.Publish(ctx, notices) {
		if err != nil {
			told[i].err = unavailable("publish EventProcessed", err)
		}
	}
}

func (w Worker) complete(ctx context.Context, k *work) error {
	err := w.Items.Finish(ctx, k.item)
	var moved *TransitionError
	if errors.As(err, &moved) && moved.From == Processed {
		return nil // another delivery was faster, or this call's own earlier try
	}
	if errors.As(err, &moved) {
		return moved
	}
	if err != nil {
		return unavailable("mark the event PROCESSED", err)
	}
	return nil
}
