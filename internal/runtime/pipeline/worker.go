package pipeline

import (
	"context"
	"sync"
	"time"
)

// BronzeReader reads raw payloads.
type BronzeReader interface {
	// Get returns the object under key, or ErrNotFound.
	Get(ctx context.Context, key string) ([]byte, error)
}

// SilverStore stores records, one object per event.
type SilverStore interface {
	// Put stores body under key. If the key exists, Put writes nothing and returns ErrExists.
	Put(ctx context.Context, key string, body []byte) error
	// GetVersion returns the object under key and its version, or ErrNotFound.
	GetVersion(ctx context.Context, key string) (body []byte, version string, err error)
	// Replace replaces the object if it still has the given version. Otherwise Replace writes
	// nothing and returns ErrChanged.
	Replace(ctx context.Context, key string, body []byte, version string) error
}

// Bus publishes notifications.
type Bus interface {
	// Publish sends any number of notifications. It returns an error or nil for each notification,
	// in the order of the notifications.
	Publish(ctx context.Context, notifications []Notification) []error
}

// Retrier delays the retry of a failed message.
type Retrier interface {
	// Delay hides the message from all workers for the duration d. In rare cases, SQS delivers a
	// hidden message earlier.
	Delay(ctx context.Context, receiptHandle string, d time.Duration) error
}

// WorkerQueue delays messages, and sends the messages of a batch's parts.
type WorkerQueue interface {
	Retrier
	BatchSender
}

// DeadLetterQueue keeps the messages of FAILED events for an operator.
type DeadLetterQueue interface {
	// Send puts the dead letter in the DLQ. Even after an error, the DLQ can hold the dead letter.
	Send(ctx context.Context, deadLetter DeadLetter) error
}

// Delivery represents one delivery of a message by SQS.
type Delivery struct {
	MessageID     string
	ReceiptHandle string
	Attempt       int // 1 for the first delivery of the message
	Body          []byte
}

// Result describes the outcome of a delivery.
type Result struct {
	Delivery Delivery
	Event    Event // zero if the message is invalid
	Status   Status
	Filtered Filtered   // set when PROCESSED and filtered by the processor
	Events   int        // events whose records are in Silver; set when PROCESSED
	SplitOff []SplitOff // parts that a batch has split off in this delivery
	Skipped  bool       // the event is already finished, or has a newer message
	Err      error      // reason of a failure or a retry
	// Retry reports whether SQS must deliver the message again. If Retry is false, the message must
	// be deleted. For a FAILED event, Retry is true if EventFailed could not be published.
	Retry   bool
	RetryIn time.Duration // 0 if the queue's visibility timeout applies
}

// Worker processes deliveries.
type Worker struct {
	Items           Items
	Bronze          BronzeReader
	Silver          SilverStore
	Bus             Bus
	Queue           WorkerQueue
	DeadLetters     DeadLetterQueue
	Processor       Processor // nil stores payloads unchanged
	Notifications   Notifications
	BronzeBucket    string
	SilverBucket    string
	MaxReceiveCount int           // failed tries after which an event becomes FAILED
	StopBefore      time.Duration // reserve before the context's deadline; see deadlines.go
	StatusRetention time.Duration // lifetime of items; 0 means unlimited
	Now             func() time.Time
	Jitter          func() float64 // uniform in [0, 1)
}

// Process processes the deliveries of one invocation. It returns a result for each delivery, in the
// same order. A failure of one event does not affect the others.
func (w Worker) Process(ctx context.Context, deliveries []Delivery) []Result {
	d, cancel := newDeadlines(ctx, w.StopBefore)
	defer cancel()

	tasks := make([]*task, len(deliveries))
	for i, delivery := range deliveries {
		tasks[i] = w.newTask(delivery)
	}
	w.lookUp(d.finish, tasks)
	forEachTask(tasks, (*task).afterCrash, func(t *task) { t.Err = w.countCrash(d.finish, t) })
	batches, alone := w.subBatches(tasks)
	w.resolveFailures(d.resolve, tasks) // invalid messages, and all tasks if lookUp failed

	var slow sync.WaitGroup
	for _, batch := range batches {
		w.runSubBatch(d, batch, &slow)
	}
	for _, t := range alone {
		slow.Wait()
		w.runSubBatch(d, []*task{t}, &slow)
	}
	slow.Wait()

	results := make([]Result, len(tasks))
	for i, t := range tasks {
		t.Status, t.Filtered = t.item.Status, t.item.Filtered
		if t.Status == Processed {
			t.Events = 1
		}
		if t.Event.IsBatch() {
			t.Events = len(t.batch.records)
		}
		results[i] = t.Result
	}
	return results
}

// task tracks a delivery through the steps of the worker.
type task struct {
	Result
	item       Item
	redelivery bool  // an earlier worker of the event can have crashed
	itemTries  Tries // tries that the event's item probably has
	unmarked   Tries // tries that the item has if this delivery's mark was not written
	tries      Tries // tries to store when the message returns to the queue
	batch      batchObject
}

func (w Worker) newTask(d Delivery) *task {
	t := &task{Result: Result{Delivery: d}, item: Item{Status: Enqueued}}
	t.redelivery = d.Attempt > 1
	t.Event, t.Err = ReadMessage(d.Body, w.BronzeBucket)
	return t
}

// unresolved reports whether the task has neither failed nor been skipped.
func (t *task) unresolved() bool { return t.Err == nil && !t.Skipped }

func (t *task) failed() bool { return t.Err != nil }

// lookUp reads the items of the events. It skips deliveries whose event is finished or has a newer
// message. It sets an error on a delivery if the event has crashed its worker too often.
func (w Worker) lookUp(ctx context.Context, tasks []*task) {
	items, err := getItems(ctx, w.Items, tasks, func(t *task) string { return t.Event.ID })
	for _, t := range tasks {
		if !t.unresolved() {
			continue
		}
		if err != nil {
			t.Err = err
			continue
		}
		item, ok := items[t.Event.ID]
		if !ok {
			continue // the API has not written the item: Finish creates it
		}
		if item.superseded(t.Event) {
			t.item, t.Skipped = item, true
			continue
		}
		t.redelivery = t.redelivery || item.Reenqueues > 0
		t.itemTries, t.unmarked = item.Tries, item.Tries
		t.tries = item.Tries.afterCrash(t.Delivery, w.Now())
		if t.tries.crashedTooOften(w.MaxReceiveCount) && !t.Event.IsBatch() {
			t.Err = workerCrashed(t)
		}
	}
}

func workerCrashed(t *task) error {
	return Errorf(WorkerCrashed, "the worker crashed or timed out at least %d times while it "+
		"processed the event; search the worker's log for the event's id", t.tries.Crashes)
}

// forEachTask runs step concurrently for the tasks for which match returns true. A panic of step
// fails only its own task.
func forEachTask(tasks []*task, match func(*task) bool, step func(*task)) {
	var matching []*task
	for _, t := range tasks {
		if match(t) {
			matching = append(matching, t)
		}
	}
	forEach(matching, func(_ int, t *task) {
		defer t.recoverPanic()
		step(t)
	})
}

// recoverPanic turns a panic of a step into the task's error. It must be deferred.
func (t *task) recoverPanic() {
	if cause := recover(); cause != nil {
		t.Err = wrapError(Internal, "panic", newPanic(cause))
	}
}
