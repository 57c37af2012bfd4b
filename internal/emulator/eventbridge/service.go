// Package eventbridge emulates custom events of Amazon EventBridge: event buses, PutEvents, rules
// with event patterns, scheduled rules with a rate, and delivery to targets.
//
// It rejects cron expressions, schedules through the API, and input transformers. It ignores retry
// policies and dead-letter queues of targets: each delivery is attempted a few times, and
// Config.OnError receives the failures.
package eventbridge

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// DefaultBus names the bus that every account has.
const DefaultBus = "default"

// Config configures a service.
type Config struct {
	Region  string
	Account string
	Now     func() time.Time // default: time.Now
	NewID   func() string    // returns an event id; default: random UUIDs

	// Deliver sends an event to a target. It must be safe for concurrent use. Failures are retried.
	Deliver func(ctx context.Context, d Delivery) error
	// OnEvent, if set, receives each event on a bus and the names of the matching rules.
	OnEvent func(busName string, event []byte, matchedRules []string)
	// OnError, if set, receives an error for each event that did not reach a target or bus.
	OnError func(error)
}

// Service holds the event buses of one account and region.
type Service struct {
	protocol.JSONHandler
	cfg Config

	mu     sync.RWMutex
	buses  map[string]*bus
	closed bool

	closing    chan struct{} // closed by Close
	deliveries sync.WaitGroup
	slots      chan struct{} // one per running delivery
}

type bus struct {
	name  string
	rules map[string]*rule
}

// New returns a service with the default bus.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = uuid.NewString
	}
	if cfg.OnEvent == nil {
		cfg.OnEvent = func(string, []byte, []string) {}
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	s := &Service{
		cfg: cfg, buses: map[string]*bus{},
		slots: make(chan struct{}, maxDeliveries), closing: make(chan struct{}),
	}
	s.buses[DefaultBus] = &bus{DefaultBus, map[string]*rule{}}
	s.JSONHandler = s.operations()
	return s
}

// CreateBus creates an event bus if it does not exist.
func (s *Service) CreateBus(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addBus(name)
}

// addBus adds an event bus if it does not exist. The caller holds the lock.
func (s *Service) addBus(name string) error {
	if err := validateName("event bus", name, 256); err != nil {
		return err
	}
	if s.buses[name] == nil {
		s.buses[name] = &bus{name, map[string]*rule{}}
	}
	return nil
}

// RuleARN returns a rule's ARN. bus is a name or an ARN.
func (s *Service) RuleARN(bus, name string) string {
	if bus = strings.TrimPrefix(bus, s.BusARN("")); bus != "" && bus != DefaultBus {
		name = bus + "/" + name
	}
	return "arn:aws:events:" + s.cfg.Region + ":" + s.cfg.Account + ":rule/" + name
}

// BusARN returns an event bus's ARN.
func (s *Service) BusARN(name string) string {
	return "arn:aws:events:" + s.cfg.Region + ":" + s.cfg.Account + ":event-bus/" + name
}

// Close rejects new events and waits for the running deliveries.
func (s *Service) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.deliveries.Wait()
	return nil
}

// bus finds an event bus by name or ARN. "" selects the default bus. The caller holds s.mu.
func (s *Service) bus(nameOrARN string) (*bus, error) {
	name := strings.TrimPrefix(nameOrARN, s.BusARN(""))
	if name == "" {
		name = DefaultBus
	}
	b, ok := s.buses[name]
	if !ok {
		return nil, protocol.Errorf("ResourceNotFoundException",
			"Event bus %s does not exist.", name)
	}
	return b, nil
}

var namePattern = regexp.MustCompile(`^[a-zA-Z0-9._/-]+$`)

func validateName(kind, name string, maxLength int) error {
	if len(name) > maxLength || !namePattern.MatchString(name) {
		return validationError("The %s name %q must be 1 to %d letters, digits, '.', '-' or '_' "+
			"long.", kind, name, maxLength)
	}
	return nil
}

func validationError(format string, args ...any) error {
	return protocol.Errorf("ValidationException", format, args...)
}
