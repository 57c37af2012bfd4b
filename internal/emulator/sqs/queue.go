package sqs

import (
	"errors"
	"fmt"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Queue represents a standard queue. It is safe for concurrent use.
type Queue struct {
	service *Service
	name    string

	// service.mu guards the fields below.
	settings     settings
	deleted      bool
	byID         map[string]*entry
	fair         fairOrder // visible messages, and counts of in-flight messages
	invisible    entryHeap // delayed and in-flight messages, ordered by visibleAt
	byAge        entryHeap // all messages, ordered by sent time
	nextSequence int
	changed      chan struct{} // wakeReceivers closes and replaces this channel
	hasWaiters   bool          // false if no long poll waits for changed
	moves        []*moveTask   // tasks that move this queue's messages, newest first
}

func newQueue(s *Service, name string) *Queue {
	q := &Queue{service: s, name: name, changed: make(chan struct{})}
	q.clear()
	return q
}

// Name returns the queue's name.
func (q *Queue) Name() string { return q.name }

// ARN returns the queue's ARN.
func (q *Queue) ARN() string { return q.service.arn(q.name) }

// URL returns the queue's URL.
func (q *Queue) URL() string { return q.service.url(q.name) }

// Policy returns the resource policy that an API call has set, or "".
func (q *Queue) Policy() string {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	return q.settings.StoredOnly["Policy"]
}

// Send adds a message to the queue. If delay is negative, Send uses the queue's delay.
func (q *Queue) Send(body string, delay time.Duration) (id string, err error) {
	m, err := q.send(Message{Body: body}, delay)
	return m.ID, err
}

func (q *Queue) send(m Message, delay time.Duration) (Message, error) {
	if err := m.validate(); err != nil {
		return m, err
	}
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	return q.sendLocked(m, delay)
}

// sendLocked adds a valid message to the queue. The caller holds service.mu.
func (q *Queue) sendLocked(m Message, delay time.Duration) (Message, error) {
	s := q.service
	m.ID, m.Sender = s.cfg.NewID(), s.cfg.Account
	switch {
	case q.deleted:
		return m, errQueueDoesNotExist
	case m.size() > q.settings.MaxMessageSize:
		return m, invalidParameter("One or more parameters are invalid. "+
			"Reason: Message must be shorter than %d bytes.", q.settings.MaxMessageSize)
	case delay < 0:
		delay = q.settings.Delay
	}
	m.Sent = s.cfg.Now()
	e := &entry{Message: m}
	if delay > 0 {
		e.state, e.visibleAt = delayed, m.Sent.Add(delay)
	}
	err := s.records.putMessage(q.name, e)
	if err == nil {
		err = s.keepBody(e)
	}
	if err != nil {
		return m, fmt.Errorf("send message to queue %s: %w", q.name, err)
	}
	q.add(e)
	return m, nil
}

// Delete deletes the messages of the valid receipt handles and returns an error for invalid ones.
// As in SQS, a handle has no effect if its message was deleted or received again.
func (q *Queue) Delete(receiptHandles ...string) error {
	s := q.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.deleted {
		return errQueueDoesNotExist
	}
	var entries []*entry
	var invalid []error
	for _, handle := range receiptHandles {
		id, err := messageIDFromHandle(q.ARN(), handle)
		if err != nil {
			invalid = append(invalid, err)
		} else if e := q.byID[id]; e != nil && e.ReceiptHandle == handle {
			entries = append(entries, e)
		}
	}
	if err := s.deleteMessages(entries...); err != nil {
		return fmt.Errorf("delete messages from queue %s: %w", q.name, err)
	}
	for _, e := range entries {
		q.remove(e)
	}
	return errors.Join(invalid...)
}

// ChangeVisibility sets a new visibility timeout for an in-flight message. The timeout counts from
// now.
func (q *Queue) ChangeVisibility(receiptHandle string, timeout time.Duration) error {
	if _, err := visibilityTimeout(int(timeout / time.Second)); err != nil {
		return err
	}
	s := q.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.deleted {
		return errQueueDoesNotExist
	}
	id, err := messageIDFromHandle(q.ARN(), receiptHandle)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	q.advance(now)
	e := q.byID[id]
	if e == nil {
		return invalidValue(receiptHandle, "ReceiptHandle",
			"Message does not exist or is not available for visibility timeout change.")
	}
	if e.state != inFlight || e.ReceiptHandle != receiptHandle {
		return protocol.Errorf("MessageNotInflight",
			"The message %s is not in flight under this receipt handle.", id)
	}
	q.leaveState(e)
	e.visibleAt = now.Add(timeout)
	q.enterState(e, inFlight)
	q.advance(now)
	q.wakeReceivers()
	if err := s.records.putProgress(q.name, e); err != nil {
		return fmt.Errorf("change visibility of a message in queue %s: %w", q.name, err)
	}
	return nil
}

// Depth returns the numbers of visible, in-flight and delayed messages.
func (q *Queue) Depth() (visible, inFlight, delayed int) {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	q.advance(q.service.cfg.Now())
	return q.fair.visible, q.fair.inFlight, q.invisible.Len() - q.fair.inFlight
}

// purge deletes all messages.
func (q *Queue) purge() error {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	if q.deleted {
		return errQueueDoesNotExist
	}
	if err := q.service.deleteMessages(q.byAge.entries...); err != nil {
		return fmt.Errorf("purge queue %s: %w", q.name, err)
	}
	q.clear()
	return nil
}

// delete deletes the queue and its messages.
func (q *Queue) delete() error {
	s := q.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.deleted {
		return errQueueDoesNotExist
	}
	// Delete the queue's record first. If the process then crashes, the next load deletes messages
	// without a queue.
	if err := s.records.queues.Delete(q.name); err != nil {
		return fmt.Errorf("delete queue %s: %w", q.name, err)
	}
	q.deleted = true
	delete(s.queues, q.name)
	q.wakeReceivers()
	if err := s.deleteMessages(q.byAge.entries...); err != nil {
		return fmt.Errorf("delete the messages of queue %s: %w", q.name, err)
	}
	return nil
}

// For all methods below, the caller must hold service.mu.

func (q *Queue) configure(set settings) error {
	set.Modified = q.service.cfg.Now()
	if err := q.service.records.queues.PutJSON(q.name, set); err != nil {
		return fmt.Errorf("configure queue %s: %w", q.name, err)
	}
	q.settings = set
	q.wakeReceivers()
	return nil
}

// deadLetterQueue returns the queue's dead-letter queue, or nil if it has none.
func (q *Queue) deadLetterQueue() *Queue {
	name, _ := q.service.queueNameFromARN(q.settings.DeadLetterARN)
	return q.service.queues[name]
}

func (q *Queue) clear() {
	q.byID, q.fair = map[string]*entry{}, newFairOrder()
	q.invisible, q.byAge = newVisibilityHeap(), newAgeHeap()
}

// add adds an entry to the queue. The entry keeps its state.
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
		return // already removed: Delete can get the same receipt handle twice
	}
	delete(q.byID, e.ID)
	q.byAge.remove(e)
	q.leaveState(e)
}

// enterState sets the entry's state to s and adds the entry to this state's data structure. For an
// existing entry, call leaveState first.
func (q *Queue) enterState(e *entry, s state) {
	e.state = s
	switch s {
	case visible:
		q.fair.addVisible(e)
		return
	case inFlight:
		q.fair.addInFlight(e)
	}
	q.invisible.add(e)
}

// leaveState removes an entry from the data structure of its state.
func (q *Queue) leaveState(e *entry) {
	switch e.state {
	case visible:
		q.fair.removeVisible(e)
		return
	case inFlight:
		if q.fair.inFlight == maxInFlight {
			q.wakeReceivers()
		}
		q.fair.removeInFlight(e)
	}
	q.invisible.remove(e)
}

// advance brings the queue up to date. It deletes messages after their retention period. It makes
// messages visible after their delay or visibility timeout.
func (q *Queue) advance(now time.Time) {
	retention := q.settings.Retention
	var expired []*entry
	for e := q.byAge.first(); e != nil && now.Sub(e.Sent) >= retention; e = q.byAge.first() {
		q.remove(e)
		expired = append(expired, e)
	}
	// If this fails, the next load restores the messages, and advance deletes them again.
	_ = q.service.deleteMessages(expired...)
	for e := q.invisible.first(); e != nil && !e.visibleAt.After(now); e = q.invisible.first() {
		q.leaveState(e)
		q.enterState(e, visible)
	}
}

// wakeReceivers wakes the queue's long polls. Each of them then tries to receive messages.
func (q *Queue) wakeReceivers() {
	if q.hasWaiters {
		close(q.changed)
		q.changed, q.hasWaiters = make(chan struct{}), false
	}
}
