package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"
)

// ItemStore moves the items of events that the worker handles.
type ItemStore interface {
	// GetMany returns the items that exist of those events, by id, as they are now; one that can't be read counts as
	// absent. An id that is given twice is an error, as it is DynamoDB's.
	GetMany(ctx context.Context, ids []string) (map[string]Item, error)
	// Finish moves an event from ENQUEUED to item's status, PROCESSED or FAILED, if it is ENQUEUED in item's generation, or
	// makes the whole item if there is none. What item has no value for stays as it is.
	// *TransitionError: the event was in another state; nothing was written.
	Finish(ctx context.Context, item Item) error
}

// BronzeReader reads raw payloads.
type BronzeReader interface {
	// Get returns the object under key. ErrNotFound: there is none.
	Get(ctx context.Context, key string) ([]byte, error)
}

// SilverStore keeps records, one object for each event.
type SilverStore interface {
	// Put stores body under key. ErrExists: the key is taken; nothing was written.
	Put(ctx context.Context, key string, body []byte) error
	// GetVersion returns the object under key and what tells it from every other one. ErrNotFound: there is none.
	GetVersion(ctx context.Context, key string) (body []byte, version string, err error)
	// Replace stores body under key in place of that version. ErrChanged: it is not there any more, maybe by an earlier
	// try of this call; nothing was written.
	Replace(ctx context.Context, key string, body []byte, version string) error
}

// Bus tells others what became of events.
type Bus interface {
	// Publish returns an error, or nil, for each notice in order: one may fail while others are out. Any number is taken.
	Publish(ctx context.Context, notices []Notification) []error
}

// Retrier decides when a message that was not processed is delivered again.
type Retrier interface {
	// Delay hides the message for d, counted from now. It may come earlier, so nothing may depend on it.
	Delay(ctx context.Context, receipt string, d time.Duration) error
}

// DeadLetterQueue keeps the messages of FAILED events for an operator.
type DeadLetterQueue interface {
	// Send returns once the queue holds the letter. After an error it may hold it, too.
	Send(ctx context.Context, letter DeadLetter) error
}

// Delivery is one message as the queue delivered it.
type Delivery struct {
	MessageID     string
	ReceiptHandle string
	Attempt       int // 1 the first time
	Body          []byte
}

// Result is what became of a delivery.
type Result struct {
	Delivery Delivery
	Event    Event // as far as the message could be read
	Status   Status
	Filtered Filtered      // when PROCESSED and dropped by the processor
	Skipped  bool          // the event was at its end before, or is on its way by another message: nothing was done
	Err      error         // what went wrong, if anything
	Retry    bool          // the message is to be delivered again; only then is it not to be deleted
	RetryIn  time.Duration // when it comes again; 0 when that is the queue's to say
}

// Worker processes deliveries.
type Worker struct {
	Items           ItemStore
	Bronze          BronzeReader
	Silver          SilverStore
	Bus             Bus
	Queue           Retrier
	DeadLetters     DeadLetterQueue
	Processor       Processor // nil: the payload is the record's, as it is
	BronzeBucket    string
	SilverBucket    string
	MaxReceiveCount int           // deliveries after which an event is FAILED
	StopBefore      time.Duration // how long before the context's deadline to stop, to hand back what is not done
	StatusRetention time.Duration
	Now             func() time.Time
	Jitter          func() float64 // uniform in [0, 1)
}

// Process handles a batch and returns a result for each delivery, in order. One event's failure is its own.
//
// The batch goes to its end in waves, one unless something in it was tried before.
func (w Worker) Process(ctx context.Context, deliveries []Delivery) []Result {
	works := make([]*work, len(deliveries))
	for i, d := range deliveries {
		works[i] = w.read(d)
	}
	steps, cancel := WithReserve(ctx, w.StopBefore)
	defer cancel()
	settling, cancelSettling := WithReserve(ctx, w.StopBefore/2) // a call that hangs must not take the answer with it
	defer cancelSettling()
	w.lookUp(steps, works)
	waves := waves(works)
	each(works, (*work).failed, func(k *work) { w.settle(settling, k) }) // what could not be read or looked up
	var slow sync.WaitGroup
	for _, wave := range waves {
		w.finish(steps, settling, wave, &slow)
	}
	slow.Wait()

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
	tries    int // how often a worker had it before, at least
	repeat   bool
	unbegun  bool // it was not tried this time
	item     Item // what it becomes
	err      error
	kept     bool
	retryIn  time.Duration
}

func (k *work) open() bool   { return k.err == nil && !k.repeat }
func (k *work) failed() bool { return k.err != nil }

func (k *work) result() Result {
	return Result{
		Delivery: k.delivery, Event: k.event, Status: k.item.Status, Filtered: k.item.Filtered, Skipped: k.repeat, Err: k.err,
		Retry: k.kept, RetryIn: k.retryIn,
	}
}

// WithReserve is ctx, ending d before its deadline, if it has one: to leave time for what must follow.
func WithReserve(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
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
		k.err = &Error{Code: Internal, Detail: "panic", Err: recovered(cause)}
	}
}

func (w Worker) read(d Delivery) *work {
	k := &work{delivery: d, tries: max(d.Attempt, 1) - 1, item: Item{Status: Enqueued}}
	k.event, k.err = ReadMessage(d.Body, w.BronzeBucket)
	return k
}

// lookUp finds out which events have nothing left to do for these messages.
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
		if err != nil {
			k.unbegun, k.err = true, unavailable("look up the event's item", err)
			continue
		}
		item, ok := items[k.event.ID]
		if !ok {
			continue // the API's write of it was lost, or comes later: the worker makes it
		}
		// A FAILED event's message is in the DLQ already; whoever redrives it sets it ENQUEUED first. A message of another
		// generation came late: the item's own is on its way.
		if item.Status != Enqueued || !item.Replay.SameGeneration(k.event.Replay) {
			k.item, k.repeat = item, true
		}
		k.tries += item.Reenqueues
	}
}

func (w Worker) makeRecord(ctx context.Context, k *work) error {
	asking, cancel := WithReserve(ctx, w.StopBefore/2) // what the processor says has to be stored, and told
	defer cancel()
	thinking, cancelThinking := WithReserve(asking, lastWords)
	defer cancelThinking()
	if err := thinking.Err(); err != nil {
		k.unbegun = true
		return unavailable("begin with the event", err)
	}
	payload, err := readPayload(ctx, w.Bronze, k.event)
	if err != nil {
		return err
	}
	now := w.Now().UTC().Truncate(time.Millisecond)
	output, err := Transform(asking, w.Processor, k.event, k.delivery.Attempt, payload)
	var stored Record
	if err == nil {
		stored, err = w.storeRecords(ctx, NewRecords(k.event, output, now))
	} else if byProcessor(ErrorCode(err)) {
		stored, err = w.storedDespite(ctx, k.event, err)
	}
	var late overtaken
	if errors.As(err, &late) {
		k.item, k.repeat = late.item, true
		return nil
	}
	if err != nil {
		return err
	}
	k.item = Item{
		Event:       k.event,
		Status:      Processed,
		Attempts:    k.delivery.Attempt,
		ProcessedAt: now,
		Silver:      Location{Bucket: w.SilverBucket, Key: k.event.SilverKey()},
		Filtered:    stored.Filtered,
		ExpiresAt:   Expiry(k.event, w.StatusRetention),
	}
	return nil
}

// largestPayload is the most that Lambda hands to the API in one invocation: what claims to be larger was never accepted.
const largestPayload = 6 << 20

// readPayload returns what was accepted, and nothing else.
func readPayload(ctx context.Context, bronze BronzeReader, event Event) ([]byte, error) {
	if event.Bytes > largestPayload {
		return nil, Errorf(PayloadTooLarge, "The payload has %d bytes; at most %d are processed.", event.Bytes, largestPayload)
	}
	payload, err := bronze.Get(ctx, event.Bronze.Key)
	if errors.Is(err, ErrNotFound) {
		return nil, Errorf(PayloadMissing, "Bronze has no object %s", event.Bronze.Key)
	}
	if err != nil {
		return nil, unavailable("get the payload", err)
	}
	if sum := sha256.Sum256(payload); hex.EncodeToString(sum[:]) != event.SHA256 {
		return nil, Errorf(PayloadMismatch, "Bronze object %s does not have the hash that was accepted", event.Bronze.Key)
	}
	return payload, nil
}

func (w Worker) publish(ctx context.Context, works []*work) {
	var notices []Notification
	var told []*work
	for _, k := range works {
		if k.open() && !k.event.Replay.Quiet {
			notices = append(notices, NewNotification(k.item))
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
	if errors.As(err, &moved) {
		// Another delivery was faster, or this call's own earlier try, or the event was enqueued for a replay meanwhile.
		k.repeat = !moved.From.ProcessedAt.Equal(k.item.ProcessedAt)
		k.item = moved.From
		return nil
	}
	if err != nil {
		return unavailable("mark the event PROCESSED", err)
	}
	return nil
}
