// Package sqs serves Amazon SQS's standard queues, to Go code in the same process and over the AWS JSON protocol.
//
// It keeps SQS's rules: visibility per message, receive counts, redrive to a dead-letter queue, delay, retention, long
// polling and SQS's limits. A queue is read from the front in the order in which messages became visible. A change
// reaches the state database, if there is one, before it is answered.
package sqs

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// Config says where the service's state lives and what its queues are called by.
type Config struct {
	Endpoint string // in queue URLs: http://127.0.0.1:4566
	Region   string
	Account  string
	DB       *store.DB        // nil keeps everything in memory
	Now      func() time.Time // time.Now when nil
	NewID    func() string    // makes message ids; random UUIDs when nil

	// OnDeadLetter, when set, is told of every message that a redrive moved, with the names of both queues. It is called
	// by the receive that moved the message, outside any lock.
	OnDeadLetter func(from, to string, m Message)
}

// Service holds the queues of one account and region.
type Service struct {
	cfg     Config
	handler protocol.JSONHandler
	records records

	// mu guards every queue: a redrive touches two of them, and the database takes one writer at a time anyway.
	mu     sync.Mutex
	queues map[string]*Queue
}

// New returns the service with the queues and messages that cfg.DB holds.
func New(cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = uuid.NewString
	}
	s := &Service{cfg: cfg, queues: map[string]*Queue{}}
	s.handler = s.operations()
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("load the queues: %w", err)
	}
	return s, nil
}

// CreateQueue makes a queue, or gives the queue of that name the configuration and leaves its messages alone.
func (s *Service) CreateQueue(c QueueConfig) (*Queue, error) {
	if err := validateName(c.Name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	set, err := s.newSettings(c)
	if err != nil {
		return nil, fmt.Errorf("create queue %s: %w", c.Name, err)
	}
	if q, ok := s.queues[c.Name]; ok {
		set.Created = q.settings.Created
		return q, q.configure(set)
	}
	return s.addQueue(c.Name, set)
}

// addQueue makes a queue that does not exist. The caller holds s.mu.
func (s *Service) addQueue(name string, set settings) (*Queue, error) {
	q := newQueue(s, name)
	set.Created = s.cfg.Now()
	if err := q.configure(set); err != nil {
		return nil, err
	}
	s.queues[name] = q
	return q, nil
}

// QueueByName finds a queue.
func (s *Service) QueueByName(name string) (*Queue, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues[name]
	return q, ok
}

// QueueByARN finds a queue.
func (s *Service) QueueByARN(arn string) (*Queue, bool) {
	name, ok := s.queueNameFromARN(arn)
	if !ok {
		return nil, false
	}
	return s.QueueByName(name)
}

// queueByURL finds a queue by the last part of its URL: a client may know this machine under another host name.
func (s *Service) queueByURL(url string) (*Queue, error) {
	if url == "" {
		return nil, protocol.Errorf("MissingParameter", "The request must contain the parameter QueueUrl.")
	}
	q, ok := s.QueueByName(url[strings.LastIndexByte(url, '/')+1:])
	if !ok {
		return nil, errQueueDoesNotExist
	}
	return q, nil
}

func (s *Service) arn(name string) string {
	return "arn:aws:sqs:" + s.cfg.Region + ":" + s.cfg.Account + ":" + name
}

func (s *Service) queueNameFromARN(arn string) (string, bool) {
	return strings.CutPrefix(arn, s.arn(""))
}

// queueNames lists the queues whose name begins with prefix, sorted.
func (s *Service) queueNames(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.queues {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// sourceQueueNames lists the queues that redrive to the queue, sorted.
func (s *Service) sourceQueueNames(deadLetter *Queue) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name, q := range s.queues {
		if q.deadLetterQueue() == deadLetter {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func validateName(name string) error {
	valid := len(name) >= 1 && len(name) <= 80 && !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	})
	if !valid {
		return protocol.Errorf("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. "+
			"1 to 80 in length. (FIFO queues are not served locally.) Got %q.", name)
	}
	return nil
}
