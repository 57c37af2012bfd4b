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

// records is the service's state in the database. A message has a record written once when it is sent, and one of its
// progress, so that a receive does not write the body again.
type records struct {
	queues   *store.Bucket // queue name → settings
	messages *store.Bucket // id + sentSuffix → sentRecord, id + progressSuffix → progressRecord
}

// In the order of keys the record of the sending comes before that of the progress.
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
	Queue            string
	State            state
	VisibleAt        time.Time
	Receipt          string    `json:",omitempty"`
	FirstReceived    time.Time `json:",omitzero"`
	ReceiveCount     int       `json:",omitempty"`
	Arrived          int       `json:",omitempty"`
	DeadLetterSource string    `json:",omitempty"`
}

func (r records) putQueue(name string, set settings) error {
	return put(r.queues, name, set)
}

func (r records) deleteQueue(name string) error { return r.queues.Delete(name) }

func (r records) putMessage(queue string, e *entry) error {
	return put(r.messages, e.ID+sentSuffix, sentRecord{progressOf(queue, e), e.Body, e.Attributes, e.TraceHeader, e.Sender, e.Sent})
}

func (r records) putProgress(queue string, e *entry) error {
	return put(r.messages, e.ID+progressSuffix, progressOf(queue, e))
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

func put(b *store.Bucket, key string, record any) error {
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
	return progressRecord{queue, e.state, e.visibleAt, e.ReceiptHandle, e.FirstReceived, e.ReceiveCount, e.receiveCountOnArrival, e.DeadLetterSource}
}

// load reads the database into the new service.
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
	entries, homes, orphans, err := s.readMessages()
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b *entry) int {
		// The order in which they became visible, as far as it is known.
		if c := a.visibleAt.Compare(b.visibleAt); c != 0 {
			return c
		}
		return a.Sent.Compare(b.Sent)
	})
	for _, e := range entries {
		homes[e].add(e)
	}
	return s.records.messages.Delete(orphans...)
}

// readMessages returns the messages and their queues, and the keys of records that belong to no message or no queue: a
// process was killed while it deleted them.
func (s *Service) readMessages() (entries []*entry, homes map[*entry]*Queue, orphans []string, err error) {
	homes = map[*entry]*Queue{}
	byID := map[string]*entry{}
	err = s.records.messages.Each(func(key string, value []byte) error {
		if id, ok := strings.CutSuffix(key, sentSuffix); ok {
			var r sentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("message %s: %w", id, err)
			}
			e := &entry{Message: Message{ID: id, Body: r.Body, Attributes: r.Attributes, TraceHeader: r.TraceHeader, Sender: r.Sender, Sent: r.Sent}}
			homes[e] = s.apply(r.progressRecord, e)
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
			return fmt.Errorf("progress of message %s: %w", e.ID, err)
		}
		homes[e] = s.apply(r, e)
		return nil
	})
	for id, e := range byID {
		if homes[e] == nil {
			orphans = append(orphans, id+sentSuffix, id+progressSuffix)
			continue
		}
		entries = append(entries, e)
	}
	return entries, homes, orphans, err
}

// apply gives the entry its progress and returns the queue it is in, or nil when that is gone.
func (s *Service) apply(r progressRecord, e *entry) *Queue {
	e.state, e.visibleAt, e.receiveCountOnArrival = r.State, r.VisibleAt, r.Arrived
	e.ReceiptHandle, e.FirstReceived, e.ReceiveCount, e.DeadLetterSource = r.Receipt, r.FirstReceived, r.ReceiveCount, r.DeadLetterSource
	return s.queues[r.Queue]
}
