package sqs

import (
	"container/list"
	"errors"
	"fmt"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Queue is a standard queue. Its methods may be called by any number of goroutines.
type Queue struct {
	service *Service
	name    string

	// All below is guarded by service.mu.
	settings     settings
	deleted      bool
	byID         map[string]*entry
	visible      *list.List // of *entry, the longest visible first
	invisible    entryHeap  // delayed and in flight, the first to become visible first
	byAge        entryHeap  // all, the oldest first
	inFlight     int
	nextSequence int           // entries there ever were
	changed      chan struct{} // closed, and replaced, when receives that wait have to look again
	hasWaiters   bool          // whether one may wait for the present changed
}

func newQueue(s *Service, name string) *Queue {
	q := &Queue{service: s, name: name, changed: make(chan struct{})}
	q.clear()
	return q
}

// Name is the queue's name.
func (q *Queue) Name() string { return q.name }

// ARN is the queue's Amazon resource name.
func (q *Queue) ARN() string { return q.service.arn(q.name) }

// URL is what clients call the queue by.
func (q *Queue) URL() string {
	return q.service.cfg.Endpoint + "/" + q.service.cfg.Account + "/" + q.name
}

// Send puts a message on the queue; a delay below zero means the queue's own.
func (q *Queue) Send(body string, delay time.Duration) (id string, err error) {
	m, err := q.send(Message{Body: body}, delay)
	return m.ID, err
}

func (q *Queue) send(m Message, delay time.Duration) (Message, error) {
	if err := m.validate(); err != nil {
		return m, err
	}
	s := q.service
	m.ID, m.Sender = s.cfg.NewID(), s.cfg.Account
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case q.deleted:
		return m, errQueueDoesNotExist
	case m.size() > q.settings.MaxMessageSize:
		return m, protocol.Errorf("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.",
			q.settings.MaxMessageSize)
	case delay < 0:
		delay = q.settings.Delay
	}
	m.Sent = s.cfg.Now()
	e := &entry{Message: m}
	if delay > 0 {
		e.state, e.visibleAt = delayed, m.Sent.Add(delay)
	}
	if err := s.records.putMessage(q.name, e); err != nil {
		return m, fmt.Errorf("send to %s: %w", q.name, err)
	}
	q.add(e)
	return m, nil
}

// Delete removes the messages of the receipts. As in SQS, a receipt whose message is gone or was received again since
// removes nothing and is no error.
func (q *Queue) Delete(receipts ...string) error {
	s := q.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.deleted {
		return errQueueDoesNotExist
	}
	var entries []*entry
	var failed []error
	for _, receipt := range receipts {
		id, err := messageIDFromHandle(q.ARN(), receipt)
		if err != nil {
			failed = append(failed, err)
		} else if e := q.byID[id]; e != nil && e.ReceiptHandle == receipt {
			entries = append(entries, e)
		}
	}
	if err := s.records.deleteMessages(entries...); err != nil {
		return fmt.Errorf("delete from %s: %w", q.name, err)
	}
	for _, e := range entries {
		q.remove(e)
	}
	return errors.Join(failed...)
}

// ChangeVisibility makes a message in flight visible in d from now.
func (q *Queue) ChangeVisibility(receipt string, d time.Duration) error {
	if d < 0 || d > 12*time.Hour {
		return invalidParameter(formatSeconds(d), "VisibilityTimeout", "Must be between 0 and 43200, if provided.")
	}
	s := q.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.deleted {
		return errQueueDoesNotExist
	}
	id, err := messageIDFromHandle(q.ARN(), receipt)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	q.advance(now)
	e := q.byID[id]
	if e == nil {
		return invalidParameter(receipt, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	}
	if e.state != inFlight || e.ReceiptHandle != receipt {
		return protocol.Errorf("MessageNotInflight", "The message %s is not in flight under this receipt handle.", id)
	}
	q.leaveState(e)
	e.visibleAt = now.Add(d)
	q.enterState(e, inFlight)
	q.advance(now)
	q.wakeReceivers()
	if err := s.records.putProgress(q.name, e); err != nil {
		return fmt.Errorf("change visibility in %s: %w", q.name, err)
	}
	return nil
}

// Depth counts the messages that a receive could return now, that were received and not deleted, and that are delayed.
func (q *Queue) Depth() (visible, inFlight, delayed int) {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	q.advance(q.service.cfg.Now())
	return q.visible.Len(), q.inFlight, q.invisible.Len() - q.inFlight
}

// purge removes every message.
func (q *Queue) purge() error {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	if q.deleted {
		return errQueueDoesNotExist
	}
	if err := q.service.records.deleteMessages(q.byAge.entries...); err != nil {
		return fmt.Errorf("purge %s: %w", q.name, err)
	}
	q.clear()
	return nil
}

// delete removes the queue with its messages.
func (q *Queue) delete() error {
	s := q.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.deleted {
		return errQueueDoesNotExist
	}
	// In this order: after a crash in between, the messages are found to belong to no queue.
	if err := s.records.deleteQueue(q.name); err != nil {
		return fmt.Errorf("delete queue %s: %w", q.name, err)
	}
	q.deleted = true
	delete(s.queues, q.name)
	q.wakeReceivers()
	if err := s.records.deleteMessages(q.byAge.entries...); err != nil {
		return fmt.Errorf("delete the messages of queue %s: %w", q.name, err)
	}
	return nil
}

// The methods below expect the caller to hold service.mu.

func (q *Queue) configure(set settings) error {
	set.Modified = q.service.cfg.Now()
	if err := q.service.records.putQueue(q.name, set); err != nil {
		return fmt.Errorf("configure queue %s: %w", q.name, err)
	}
	q.settings = set
	q.wakeReceivers()
	return nil
}

// deadLetterQueue is where a redrive goes, or nil.
func (q *Queue) deadLetterQueue() *Queue {
	name, ok := q.service.queueNameFromARN(q.settings.DeadLetterARN)
	if !ok {
		return nil
	}
	return q.service.queues[name]
}

func (q *Queue) clear() {
	q.byID, q.visible, q.invisible, q.byAge, q.inFlight = map[string]*entry{}, list.New(), newVisibilityHeap(), newAgeHeap(), 0
}

// addQueue takes a message into the queue, in the state it is in.
func (q *Queue) add(e *entry) {
	e.invisibleIndex, e.ageIndex = -1, -1
	e.sequence = q.nextSequence
	q.nextSequence++
	q.byID[e.ID] = e
	q.byAge.add(e)
	q.enterState(e, e.state)
	q.wakeReceivers()
}

func (q *Queue) remove(e *entry) {
	if q.byID[e.ID] != e {
		return // removed already: its receipt was given twice
	}
	delete(q.byID, e.ID)
	q.byAge.remove(e)
	q.leaveState(e)
}

// enterState puts an entry that is in no state into one.
func (q *Queue) enterState(e *entry, s state) {
	e.state = s
	switch s {
	case visible:
		e.visibleElement = q.visible.PushBack(e)
		return
	case inFlight:
		q.inFlight++
	}
	q.invisible.add(e)
}

// leaveState takes an entry out of the state it is in.
func (q *Queue) leaveState(e *entry) {
	switch e.state {
	case visible:
		q.visible.Remove(e.visibleElement)
		e.visibleElement = nil
		return
	case inFlight:
		if q.inFlight == maxInFlight {
			q.wakeReceivers()
		}
		q.inFlight--
	}
	q.invisible.remove(e)
}

// advance does what time has brought: old messages expire, delayed and received ones become visible.
func (q *Queue) advance(now time.Time) {
	var expired []*entry
	for e := q.byAge.first(); e != nil && now.Sub(e.Sent) >= q.settings.Retention; e = q.byAge.first() {
		q.remove(e)
		expired = append(expired, e)
	}
	// Records that stay because of an error expire again when they are next loaded.
	_ = q.service.records.deleteMessages(expired...)
	for e := q.invisible.first(); e != nil && !e.visibleAt.After(now); e = q.invisible.first() {
		q.leaveState(e)
		q.enterState(e, visible)
	}
}

// wakeReceivers has the receives that wait look again.
func (q *Queue) wakeReceivers() {
	if q.hasWaiters {
		close(q.changed)
		q.changed, q.hasWaiters = make(chan struct{}), false
	}
}
