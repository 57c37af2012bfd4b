package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Default limits of the API for a batch.
const (
	MaxBatchEvents = 1000
	MaxBatchBytes  = 1 << 20 // before compression; the default of the prop MaxPayloadBytes
)

var (
	// ErrClosed reports that an event was added after Close.
	ErrClosed = errors.New("the batcher is closed: it accepts no more events")
	// ErrBufferFull reports that an event was dropped. The buffer was full and OnDrop is set.
	ErrBufferFull = errors.New("the buffer of the batcher is full: the event was dropped")
)

// BatcherOptions configures a Batcher. The zero value selects the defaults.
type BatcherOptions struct {
	// MaxBatchEvents limits the number of events in a batch. The default and the maximum are 1,000.
	MaxBatchEvents int
	// MaxBatchBytes limits the size of a batch, before compression. It must not exceed the prop
	// MaxPayloadBytes of the pipeline. The default is 1 MiB.
	MaxBatchBytes int
	// Linger is how long a batch waits for more events after its first event. A full batch is sent
	// at once. A longer time makes larger batches, which cost less. The default is 100 ms.
	Linger time.Duration
	// MaxConcurrentRequests limits how many batches are sent at the same time. With 1, events are
	// sent in the order in which they were added. The default is 4.
	MaxConcurrentRequests int

	// MaxBufferedEvents limits the number of events that have no result yet. The default is 10,000.
	MaxBufferedEvents int
	// MaxBufferedBytes limits the size of the events that have no result yet. The default is 64
	// MiB.
	MaxBufferedBytes int
	// OnDrop receives each event for which the buffer has no room. Add then returns ErrBufferFull
	// and does not wait. The Batcher does not keep these events.
	OnDrop func(event []byte)
}

// Result is the result of an event that was added to a Batcher. Either EventID or Err is set.
type Result struct {
	Event   []byte // the bytes that were added
	EventID string
	// Err is nil if the API accepted the event. If the API answered with an error, errors.As finds
	// a *Problem in Err. If Err is a *SendError with MayBeAccepted, the API possibly accepted the
	// event.
	Err error
}

// Batcher collects events and sends them in batches. Create it with NewBatcher. It is safe for
// concurrent use.
type Batcher struct {
	client *Client
	o      BatcherOptions
	ctx    context.Context // ends all requests
	cancel context.CancelCauseFunc

	mu         sync.Mutex
	closed     bool
	pending    []entry // the batch that is being collected
	pendingLen int     // size of pending as a JSON array, in bytes
	linger     *time.Timer
	sealed     []*batch            // the batches that wait for a sender
	senders    int                 // number of running senders
	unfinished map[*batch]struct{} // batches that left pending and have events without a result
	buffered   int                 // number of events without a result
	bytes      int                 // size of events without a result
	room       chan struct{}       // closed when a result makes room in the buffer
	failed     int                 // number of events with an error since the last Flush
	firstErr   error
}

type entry struct {
	event []byte
	done  func(Result) // can be nil
}

// batch represents events that are sent together. finished is closed when all events of the batch
// have a result.
type batch struct {
	entries  []entry
	finished chan struct{}
}

// NewBatcher returns a Batcher that sends events with c. Call Close when no more events follow.
func (c *Client) NewBatcher(o BatcherOptions) *Batcher {
	setDefault(&o.MaxBatchEvents, MaxBatchEvents)
	setDefault(&o.MaxBatchBytes, MaxBatchBytes)
	setDefault(&o.MaxConcurrentRequests, 4)
	setDefault(&o.MaxBufferedEvents, 10_000)
	setDefault(&o.MaxBufferedBytes, 64<<20)
	if o.Linger <= 0 {
		o.Linger = 100 * time.Millisecond
	}
	o.MaxBatchEvents = min(o.MaxBatchEvents, MaxBatchEvents)
	b := &Batcher{
		client: c, o: o, unfinished: make(map[*batch]struct{}), room: make(chan struct{}),
	}
	b.ctx, b.cancel = context.WithCancelCause(context.Background())
	return b
}

func setDefault(value *int, byDefault int) {
	if *value <= 0 {
		*value = byDefault
	}
}

// Add adds an event, a JSON object with an eventType. It copies the event, so the caller can change
// the slice afterwards. If the buffer is full and OnDrop is not set, Add waits until there is room
// or ctx ends.
//
// If done is not nil, the Batcher calls done with the event's result. Several calls of done can run
// at the same time. done must not call a method of the Batcher, because some methods wait for done.
//
// If Add returns an error, the event was not added and done is not called. The error is
// ErrNotObject, ErrClosed, ErrBufferFull, or the error of ctx.
func (b *Batcher) Add(ctx context.Context, event []byte, done func(Result)) error {
	if err := checkEvent(event); err != nil {
		return err
	}
	err := b.add(ctx, event, done)
	if errors.Is(err, ErrBufferFull) {
		b.o.OnDrop(event)
	}
	return err
}

func (b *Batcher) add(ctx context.Context, event []byte, done func(Result)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.isFull(len(event)) && !b.closed {
		if b.o.OnDrop != nil {
			return ErrBufferFull
		}
		if err := b.waitForRoom(ctx); err != nil {
			return err
		}
	}
	if b.closed {
		return ErrClosed
	}
	b.append(entry{bytes.Clone(event), done})
	return nil
}

func (b *Batcher) isFull(size int) bool {
	return b.buffered >= b.o.MaxBufferedEvents ||
		b.buffered > 0 && b.bytes+size > b.o.MaxBufferedBytes
}

// waitForRoom waits until the buffer has room, Close is called, or ctx ends. The caller holds b.mu,
// which waitForRoom unlocks while it waits.
func (b *Batcher) waitForRoom(ctx context.Context) error {
	if len(b.unfinished) == 0 {
		b.seal() // only the pending batch can make room
	}
	room := b.room
	b.mu.Unlock()
	defer b.mu.Lock()
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// append adds an entry to the pending batch. The caller holds b.mu.
func (b *Batcher) append(e entry) {
	const brackets, comma = 2, 1
	if brackets+b.pendingLen+len(e.event) > b.o.MaxBatchBytes {
		b.seal()
	}
	if len(b.pending) == 0 {
		b.linger = time.AfterFunc(b.o.Linger, b.sealLocking)
	}
	b.pending = append(b.pending, e)
	b.pendingLen += len(e.event) + comma
	b.buffered++
	b.bytes += len(e.event)
	if len(b.pending) >= b.o.MaxBatchEvents {
		b.seal()
	}
}

func (b *Batcher) sealLocking() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seal()
}

// seal passes the pending batch to the senders, unless the batch is empty. The caller holds b.mu.
func (b *Batcher) seal() {
	if len(b.pending) == 0 {
		return
	}
	b.linger.Stop()
	sealed := &batch{b.pending, make(chan struct{})}
	b.pending, b.pendingLen = nil, 0
	b.unfinished[sealed] = struct{}{}
	b.sealed = append(b.sealed, sealed)
	if b.senders < b.o.MaxConcurrentRequests {
		b.senders++
		go b.sendSealed()
	}
}

// Flush sends all events that were added, and waits until each event has a result. It returns an
// error if ctx ends first, or if an event failed since the previous Flush.
func (b *Batcher) Flush(ctx context.Context) error {
	if err := b.wait(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	failed, firstErr := b.failed, b.firstErr
	b.failed, b.firstErr = 0, nil
	switch failed {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("an event was not accepted: %w", firstErr)
	}
	return fmt.Errorf("%d events were not accepted; the first error: %w", failed, firstErr)
}

// wait waits until each event that was added before the call has a result.
func (b *Batcher) wait(ctx context.Context) error {
	b.mu.Lock()
	b.seal()
	var finished []chan struct{}
	for sealed := range b.unfinished {
		finished = append(finished, sealed.finished)
	}
	b.mu.Unlock()
	for _, f := range finished {
		select {
		case <-f:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Close sends all events that were added, as Flush does. Later calls of Add return ErrClosed. When
// Close returns, each event has a result.
//
// If ctx ends first, Close cancels the requests, and the remaining events get a Result with an
// error.
func (b *Batcher) Close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.wakeWaiting() // wakes up the calls of Add, which then return ErrClosed
	b.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		b.cancel(fmt.Errorf("close the batcher: %w", context.Cause(ctx)))
	})
	defer stop()
	err := b.Flush(context.Background())
	b.cancel(ErrClosed)
	return err
}

// wakeWaiting wakes up the calls of Add that wait for room. The caller holds b.mu.
func (b *Batcher) wakeWaiting() {
	close(b.room)
	b.room = make(chan struct{})
}
