// Package sqs emulates the standard queues of Amazon SQS: visibility timeouts, receive counts,
// redrive policies, delays, retention, long polling, quotas and fair queues. With a state database,
// the service stores each change before it responds.
//
// A queue returns the messages of noisy message groups last. It returns all other messages in the
// order in which they became visible.
//
// Clients call the service in three ways:
//
//   - Go code in the same process calls the methods of [Queue].
//   - Old clients use the AWS query protocol, which [QueryProtocol] serves.
//   - All other clients use the AWS JSON protocol.
package sqs

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// Config configures a service.
type Config struct {
	Endpoint string // beginning of queue URLs, such as http://127.0.0.1:4566
	Region   string
	Account  string
	DB       *store.DB        // nil if the queues are not kept across runs
	Now      func() time.Time // default: time.Now
	NewID    func() string    // returns a message id; default: a random UUID

	// OnDeadLetter is called after a message was moved to a dead-letter queue. from and to are the
	// names of the queues. The service holds no lock during the call. OnDeadLetter is optional.
	OnDeadLetter func(from, to string, m Message)
}

// Service holds the queues of one account and region.
type Service struct {
	protocol.JSONHandler
	cfg     Config
	records records
	bodies  store.Values // the bodies of all messages

	// mu guards all queues. A lock for each queue is not enough: a move to a dead-letter queue
	// changes two queues, and the database allows only one writer.
	mu     sync.Mutex
	queues map[string]*Queue

	ctx   context.Context    // canceled by Close
	stop  context.CancelFunc // called with mu held, so that no task starts after Close
	tasks sync.WaitGroup     // running move tasks
}

// New returns a service with the queues and messages from cfg.DB.
func New(cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = uuid.NewString
	}
	s := &Service{cfg: cfg, queues: map[string]*Queue{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.JSONHandler = s.operations()
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("load queues: %w", err)
	}
	return s, nil
}

// Close stops the move tasks. It also deletes the temporary file that holds the message bodies.
func (s *Service) Close() error {
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	s.tasks.Wait()
	return s.bodies.Close()
}

// CreateQueue creates a queue. An existing queue gets the new settings and keeps its messages.
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

// addQueue adds a new queue. The caller holds s.mu.
func (s *Service) addQueue(name string, set settings) (*Queue, error) {
	q := newQueue(s, name)
	set.Created = s.cfg.Now()
	if err := q.configure(set); err != nil {
		return nil, err
	}
	s.queues[name] = q
	return q, nil
}

// QueueByName returns the queue and whether it exists.
func (s *Service) QueueByName(name string) (*Queue, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues[name]
	return q, ok
}

// QueueByARN returns the queue and whether it exists.
func (s *Service) QueueByARN(arn string) (*Queue, bool) {
	name, ok := s.queueNameFromARN(arn)
	if !ok {
		return nil, false
	}
	return s.QueueByName(name)
}

// queueByURL returns the queue with the URL. It reads only the account and the name at the end of
// the URL, because the host can have several names.
func (s *Service) queueByURL(url string) (*Queue, error) {
	if url == "" {
		return nil, missingParameter("QueueUrl")
	}
	parts := strings.Split(url, "/")
	name, others := parts[len(parts)-1], parts[:len(parts)-1]
	q, ok := s.QueueByName(name)
	if !ok || len(others) > 0 && others[len(others)-1] != s.cfg.Account {
		return nil, errQueueDoesNotExist
	}
	return q, nil
}

func (s *Service) arn(name string) string {
	return protocol.ARN(Name, s.cfg.Region, s.cfg.Account, name)
}

func (s *Service) url(name string) string {
	return s.cfg.Endpoint + "/" + s.cfg.Account + "/" + name
}

func (s *Service) queueNameFromARN(arn string) (string, bool) {
	return strings.CutPrefix(arn, s.arn(""))
}

func (s *Service) queueNames(include func(*Queue) bool) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, q := range s.queues {
		if include(q) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var namePattern = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,80}$`)

func validateName(name string) error {
	if !namePattern.MatchString(name) {
		return invalidParameter("Can only include alphanumeric characters, hyphens, or "+
			"underscores. 1 to 80 in length. (The local platform has no FIFO queues.) Got %q.",
			name)
	}
	return nil
}
