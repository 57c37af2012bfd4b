// Package eventbridge serves Amazon EventBridge's custom events: buses, rules with event patterns, PutEvents, and
// delivery to the targets of the rules that match; and rules that run at a rate.
//
// What it does not serve it refuses: schedules by its API, cron expressions, and input transformers of targets. Retry policies and dead-letter queues
// setType targets are accepted and have no effect: every delivery is tried a few times, and Config.OnError is told of those
// that fail.
package eventbridge

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// DefaultBus is the bus that every account has.
const DefaultBus = "default"

// Config says what the service is called and whom it calls.
type Config struct {
	Region  string
	Account string
	Now     func() time.Time // time.Now when nil
	NewID   func() string    // makes event ids; random UUIDs when nil

	// Deliver takes an event to a target. It is called by many goroutines at once, and again when it fails.
	Deliver func(ctx context.Context, d Delivery) error
	// OnEvent, when set, is told of every event that was put on a bus, with the names of the rules it matches.
	OnEvent func(busName string, event []byte, matchedRules []string)
	// OnError, when set, is told of events that did not reach a target or a bus.
	OnError func(error)
}

// Service holds the buses of one account and region.
type Service struct {
	cfg     Config
	handler protocol.JSONHandler

	mu     sync.RWMutex
	buses  map[string]*bus
	closed bool

	closing    chan struct{} // closed by Close
	deliveries sync.WaitGroup
	slots      chan struct{} // one for each delivery under way
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
	s := &Service{cfg: cfg, buses: map[string]*bus{}, slots: make(chan struct{}, maxDeliveries), closing: make(chan struct{})}
	s.buses[DefaultBus] = &bus{DefaultBus, map[string]*rule{}}
	s.handler = s.operations()
	return s
}

// CreateBus makes a bus; one of that name that exists stays as it is.
func (s *Service) CreateBus(name string) error {
	if err := validateName("event bus", name, 256); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buses[name] == nil {
		s.buses[name] = &bus{name, map[string]*rule{}}
	}
	return nil
}

// RuleARN is the Amazon resource name of a rule; bus is a bus's name or ARN.
func (s *Service) RuleARN(bus, name string) string {
	if bus = strings.TrimPrefix(bus, s.BusARN("")); bus != "" && bus != DefaultBus {
		name = bus + "/" + name
	}
	return "arn:aws:events:" + s.cfg.Region + ":" + s.cfg.Account + ":rule/" + name
}

// BusARN is the Amazon resource name of the bus.
func (s *Service) BusARN(name string) string {
	return "arn:aws:events:" + s.cfg.Region + ":" + s.cfg.Account + ":event-bus/" + name
}

// Close takes no more events and waits until those taken are delivered or have failed.
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

// bus finds a bus by its name or ARN; the empty name is the default one's. The caller holds s.mu.
func (s *Service) bus(nameOrARN string) (*bus, error) {
	name := strings.TrimPrefix(nameOrARN, s.BusARN(""))
	if name == "" {
		name = DefaultBus
	}
	b, ok := s.buses[name]
	if !ok {
		return nil, protocol.Errorf("ResourceNotFoundException", "Event bus %s does not exist.", name)
	}
	return b, nil
}

func validateName(kind, name string, longest int) error {
	valid := name != "" && len(name) <= longest && !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/", r))
	})
	if !valid {
		return protocol.Errorf("ValidationException", "The %s name %q must be 1 to %d letters, digits, '.', '-' or '_' long.", kind, name, longest)
	}
	return nil
}
