package sqs

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// records stores the service's state. Each message has a sentRecord and, after its first receive, a
// progressRecord. The sentRecord can be large and is written only once.
type records struct {
	queues   *store.Bucket // queue name → settings
	messages *store.Bucket // id + sentSuffix → sentRecord, id + progressSuffix → progressRecord
}

const (
	sentSuffix     = "/0"
	progressSuffix = "/1"
)

type sentRecord struct {
	progressRecord
	Body        string
	Attributes  map[string]Attribute `json:",omitempty"`
	TraceHeader string               `json:",omitempty"`
	GroupID     string               `json:",omitempty"`
	Sender      string
	Sent        time.Time
}

type progressRecord struct {
	Queue                 string
	State                 state
	VisibleAt             time.Time
	ReceiptHandle         string    `json:"Receipt,omitempty"`
	FirstReceived         time.Time `json:",omitzero"`
	ReceiveCount          int       `json:",omitempty"`
	ReceiveCountOnArrival int       `json:"Arrived,omitempty"`
	DeadLetterSource      string    `json:",omitempty"`
}

func (r records) putMessage(queue string, e *entry) error {
	return r.messages.PutJSON(e.ID+sentSuffix, sentRecord{
		progressOf(queue, e), e.Body, e.Attributes, e.TraceHeader, e.GroupID, e.Sender, e.Sent,
	})
}

func (r records) putProgress(queue string, e *entry) error {
	return r.messages.PutJSON(e.ID+progressSuffix, progressOf(queue, e))
}

// deleteMessages deletes the stored messages and their bodies.
func (s *Service) deleteMessages(entries ...*entry) error {
	keys := make([]string, 0, 2*len(entries))
	for _, e := range entries {
		keys = append(keys, e.ID+sentSuffix, e.ID+progressSuffix)
	}
	if err := s.records.messages.Delete(keys...); err != nil {
		return err
	}
	for _, e := range entries {
		if e.body != (store.Ref{}) { // Queue.Delete can get the same receipt handle twice
			s.bodies.Delete(e.body)
			e.body = store.Ref{}
		}
	}
	return nil
}

// keepBody moves the body of a new entry from memory to the temporary file of s.bodies.
func (s *Service) keepBody(e *entry) (err error) {
	e.body, err = s.bodies.Put([]byte(e.Body))
	e.Body = ""
	return err
}

// message returns the entry's message with its body.
func (s *Service) message(e *entry) (Message, error) {
	body, err := s.bodies.Get(e.body)
	m := e.Message
	m.Body = string(body)
	return m, err
}

func progressOf(queue string, e *entry) progressRecord {
	return progressRecord{
		queue, e.state, e.visibleAt, e.ReceiptHandle, e.FirstReceived,
		e.ReceiveCount, e.receiveCountOnArrival, e.DeadLetterSource,
	}
}

// load reads the stored queues and messages into a new service.
func (s *Service) load() (err error) {
	if s.records.queues, err = s.cfg.DB.Bucket("sqs-queues"); err != nil {
		return err
	}
	if s.records.messages, err = s.cfg.DB.Bucket("sqs-messages"); err != nil {
		return err
	}
	queues, err := store.LoadJSON[settings](s.records.queues)
	if err != nil {
		return err
	}
	for name, set := range queues {
		s.queues[name] = newQueue(s, name)
		s.queues[name].settings = set
	}
	return s.loadMessages()
}

// loadMessages adds the stored messages to their queues. It deletes messages without a queue, and
// progress records without a sent record.
func (s *Service) loadMessages() error {
	stored, err := store.LoadJSON[sentRecord](s.records.messages)
	if err != nil {
		return err
	}
	var entries []*entry
	queues := map[*entry]*Queue{}
	for key, record := range stored {
		id, isSent := strings.CutSuffix(key, sentSuffix)
		if !isSent {
			continue
		}
		if latest, ok := stored[id+progressSuffix]; ok {
			record.progressRecord = latest.progressRecord
		}
		if q := s.queues[record.Queue]; q != nil {
			e := record.entry(id)
			entries, queues[e] = append(entries, e), q
			delete(stored, key)
			delete(stored, id+progressSuffix)
		}
	}
	slices.SortFunc(entries, func(a, b *entry) int {
		// This order approximates the order in which the messages became visible.
		return cmp.Or(a.visibleAt.Compare(b.visibleAt), a.Sent.Compare(b.Sent))
	})
	for _, e := range entries {
		if err := s.keepBody(e); err != nil {
			return err
		}
		queues[e].add(e)
	}
	return s.records.messages.Delete(slices.Collect(maps.Keys(stored))...)
}

func (r sentRecord) entry(id string) *entry {
	return &entry{
		Message: Message{
			ID: id, Body: r.Body, Attributes: r.Attributes, TraceHeader: r.TraceHeader,
			GroupID: r.GroupID, Sender: r.Sender, Sent: r.Sent, ReceiptHandle: r.ReceiptHandle,
			FirstReceived: r.FirstReceived, ReceiveCount: r.ReceiveCount,
			DeadLetterSource: r.DeadLetterSource,
		},
		state: r.State, visibleAt: r.VisibleAt, receiveCountOnArrival: r.ReceiveCountOnArrival,
	}
}
