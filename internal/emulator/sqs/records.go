package sqs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// records stores the service's state. A message has one record with its content, written when it is
// sent, and one with its progress, so that a receive does not write the body again.
type records struct {
	queues   *store.Bucket // queue name → settings
	messages *store.Bucket // id + sentSuffix → sentRecord, id + progressSuffix → progressRecord
}

// In key order a message's sent record comes before its progress record.
const (
	sentSuffix     = "/0"
	progressSuffix = "/1"
)

type sentRecord struct {
	progressRecord
	Body        string
	Attributes  map[string]Attribute `json:",omitempty"`
	TraceHeader string               `json:",omitempty"`
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

func (r records) putQueue(name string, set settings) error {
	return putJSON(r.queues, name, set)
}

func (r records) deleteQueue(name string) error { return r.queues.Delete(name) }

func (r records) putMessage(queue string, e *entry) error {
	return putJSON(r.messages, e.ID+sentSuffix, sentRecord{
		progressOf(queue, e), e.Body, e.Attributes, e.TraceHeader, e.Sender, e.Sent,
	})
}

func (r records) putProgress(queue string, e *entry) error {
	return putJSON(r.messages, e.ID+progressSuffix, progressOf(queue, e))
}

func (r records) deleteMessages(entries ...*entry) error {
	if r.messages == nil || len(entries) == 0 {
		return nil
	}
	keys := make([]string, 0, 2*len(entries))
	for _, e := range entries {
		keys = append(keys, e.ID+sentSuffix, e.ID+progressSuffix)
	}
	return r.messages.Delete(keys...)
}

func putJSON(b *store.Bucket, key string, record any) error {
	if b == nil {
		return nil
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(record); err != nil {
		return err
	}
	return b.Put(key, text.Bytes())
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
	err = s.records.queues.Each(func(name string, value []byte) error {
		q := newQueue(s, name)
		s.queues[name] = q
		return json.Unmarshal(value, &q.settings)
	})
	if err != nil {
		return err
	}
	entries, queues, orphans, err := s.readMessages()
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b *entry) int {
		// This approximates the order in which they became visible.
		if c := a.visibleAt.Compare(b.visibleAt); c != 0 {
			return c
		}
		return a.Sent.Compare(b.Sent)
	})
	for _, e := range entries {
		queues[e].add(e)
	}
	return s.records.messages.Delete(orphans...)
}

// readMessages returns the messages and the queue of each. Orphans are the keys of records without
// a message or queue, which remain if the process is killed during a delete.
func (s *Service) readMessages() (
	entries []*entry, queues map[*entry]*Queue, orphans []string, err error,
) {
	queues = map[*entry]*Queue{}
	byID := map[string]*entry{}
	err = s.records.messages.Each(func(key string, value []byte) error {
		if id, ok := strings.CutSuffix(key, sentSuffix); ok {
			var r sentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read message %s: %w", id, err)
			}
			e := &entry{Message: Message{
				ID: id, Body: r.Body, Attributes: r.Attributes, TraceHeader: r.TraceHeader,
				Sender: r.Sender, Sent: r.Sent,
			}}
			queues[e] = s.apply(r.progressRecord, e)
			byID[id] = e
			return nil
		}
		e := byID[strings.TrimSuffix(key, progressSuffix)]
		if e == nil {
			orphans = append(orphans, key)
			return nil
		}
		var r progressRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return fmt.Errorf("read progress of message %s: %w", e.ID, err)
		}
		queues[e] = s.apply(r, e)
		return nil
	})
	for id, e := range byID {
		if queues[e] == nil {
			orphans = append(orphans, id+sentSuffix, id+progressSuffix)
			continue
		}
		entries = append(entries, e)
	}
	return entries, queues, orphans, err
}

// apply copies the progress to the entry and returns its queue, or nil if that was deleted.
func (s *Service) apply(r progressRecord, e *entry) *Queue {
	e.state, e.visibleAt, e.receiveCountOnArrival = r.State, r.VisibleAt, r.ReceiveCountOnArrival
	e.ReceiptHandle, e.FirstReceived = r.ReceiptHandle, r.FirstReceived
	e.ReceiveCount, e.DeadLetterSource = r.ReceiveCount, r.DeadLetterSource
	return s.queues[r.Queue]
}
