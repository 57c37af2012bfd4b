// Package eventbridge emulates a part of Amazon EventBridge: event buses, custom events, rules with
// event patterns, scheduled rules with a rate, and the delivery of events to targets.
//
// The package rejects cron expressions, input transformers, and API calls that set a schedule.
//
// The package attempts each delivery a few times. If all attempts fail, it calls Config.OnError. It
// ignores the retry policies and dead-letter queues of targets.
package eventbridge

import (
	"cmp"
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// defaultBus is the name of the event bus that every account has.
const defaultBus = "default"

// Config configures a service.
type Config struct {
	Region  string
	Account string
	Now     func() time.Time // default: time.Now
	NewID   func() string    // returns an event id; default: a random UUID

	// Deliver sends an event to a target. It must be safe for concurrent use. After an error, the
	// service tries again, up to maxAttempts times in total.
	Deliver func(ctx context.Context, d Delivery) error
	// CheckTarget returns an error if Deliver can never send events to targetARN. PutTargets then
	// rejects the target. CheckTarget is optional.
	CheckTarget func(targetARN string) error
	// OnEvent is called for each event on a bus. It is optional.
	OnEvent func(Published)
	// OnError is called if an event names an unknown bus or does not reach a target. It is
	// optional.
	OnError func(error)
}

// Published describes an event that was published on a bus.
type Published struct {
	Bus, DetailType string
	Detail          string   // JSON
	Rules           []string // names of the matching rules
}

// Service holds the event buses of one account and region.
type Service struct {
	protocol.JSONHandler
	cfg Config

	mu    sync.RWMutex
	buses map[string]*bus

	ctx        context.Context    // canceled by Close
	stop       context.CancelFunc // called with mu held, so that no delivery starts after Close
	deliveries sync.WaitGroup
	slots      chan struct{} // one value per running delivery; the capacity is maxDeliveries
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
	if cfg.CheckTarget == nil {
		cfg.CheckTarget = func(string) error { return nil }
	}
	if cfg.OnEvent == nil {
		cfg.OnEvent = func(Published) {}
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	s := &Service{
		cfg: cfg, buses: map[string]*bus{},
		slots: make(chan struct{}, maxDeliveries),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.buses[defaultBus] = &bus{defaultBus, map[string]*rule{}}
	s.JSONHandler = s.operations()
	return s
}

// CreateBus creates an event bus if it does not exist.
func (s *Service) CreateBus(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addBus(name)
}

// addBus adds an event bus if it does not exist. The caller holds s.mu.
func (s *Service) addBus(name string) error {
	if err := validateName("event bus", name, 256); err != nil {
		return err
	}
	if s.buses[name] == nil {
		s.buses[name] = &bus{name, map[string]*rule{}}
	}
	return nil
}

// RuleARN returns the ARN of a rule. bus is the name or the ARN of the rule's event bus.
func (s *Service) RuleARN(bus, name string) string {
	return arnOfRule(protocol.Scope{Region: s.cfg.Region, Account: s.cfg.Account}, bus, name)
}

// BusARN returns the ARN of an event bus.
func (s *Service) BusARN(name string) string {
	return protocol.ARN(Name, s.cfg.Region, s.cfg.Account, "event-bus/"+name)
}

// Close makes the service reject events and stop all schedules. It then waits for the running
// deliveries.
func (s *Service) Close() error {
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	s.deliveries.Wait()
	return nil
}

// bus returns the event bus with the name or ARN. "" names the default bus. The caller holds s.mu.
func (s *Service) bus(nameOrARN string) (*bus, error) {
	name := cmp.Or(strings.TrimPrefix(nameOrARN, s.BusARN("")), defaultBus)
	b, ok := s.buses[name]
	if !ok {
		return nil, protocol.Errorf("ResourceNotFoundException",
			"Event bus %s does not exist.", name)
	}
	return b, nil
}

var namePattern = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

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
