// Package faults injects faults into the AWS calls of functions: errors, throttling, timeouts and
// lost responses. It also kills sandboxes during calls and delivers messages twice.
//
// Its random choices depend on the seed and on the number of earlier calls and messages.
package faults

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Config configures the faults. The zero value injects no faults.
type Config struct {
	Seed  uint64 `json:"seed"`
	Rules []Rule `json:"rules"`
	// KillRate is the share, from 0 to 1, of the calls during which the sandbox is killed.
	KillRate float64 `json:"killRate"`
	// DuplicateDeliveryRate is the share, from 0 to 1, of the messages that are delivered twice.
	DuplicateDeliveryRate float64 `json:"duplicateDeliveryRate"`
}

// Rule injects a fault into a share of the matching calls. A call gets at most one fault: after a
// rule injects its fault, the later rules do not apply.
type Rule struct {
	Service   string  `json:"service"`   // such as s3; "" for all
	Operation string  `json:"operation"` // such as PutObject; "" for all
	Function  string  `json:"function"`  // suffix of the function name, such as worker; "" for all
	Rate      float64 `json:"rate"`      // share of the matching calls that get the fault, 0 to 1
	Fault     Fault   `json:"fault"`
	DelayMS   int     `json:"delayMs"` // delay of the fault "slow", in milliseconds
	// FromSeconds is the time when the rule begins to apply, counted from the platform's start.
	FromSeconds float64 `json:"fromSeconds"`
	// ForSeconds is the time during which the rule applies. 0 means no limit.
	ForSeconds float64 `json:"forSeconds"`
}

// Fault represents a kind of failure of an AWS call.
type Fault string

// The faults.
const (
	Error        Fault = "error"         // status 500, without an effect
	Throttle     Fault = "throttle"      // the service's throttling error, without an effect
	Denied       Fault = "denied"        // the service's error for a denied call, without an effect
	Timeout      Fault = "timeout"       // no response and no effect
	LostResponse Fault = "lost-response" // the call has its effect, but no response
	Slow         Fault = "slow"          // the response comes after DelayMS
)

var allFaults = []Fault{Error, Throttle, Denied, Timeout, LostResponse, Slow}

// maxDelayMS is the maximum delay of the fault "slow". It equals Lambda's maximum timeout.
const maxDelayMS = 15 * 60 * 1000

// ReadConfig reads a Config from a JSON file. It rejects unknown fields. The parameter services
// lists the services that a rule can name.
func ReadConfig(file string, services []string) (Config, error) {
	content, err := protocol.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("read faults: %w", err)
	}
	var c Config
	if err = protocol.DecodeStrict(content, &c); err == nil {
		err = c.check(services)
	}
	if err != nil {
		return Config{}, fmt.Errorf("read faults in %s: %w", file, err)
	}
	return c, nil
}

// check returns all validation errors.
func (c Config) check(services []string) error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	requireRate := func(name string, rate float64) {
		require(rate >= 0 && rate <= 1, "%s must be from 0 to 1, got %g", name, rate)
	}
	requireRate("killRate", c.KillRate)
	requireRate("duplicateDeliveryRate", c.DuplicateDeliveryRate)
	for i, r := range c.Rules {
		name := fmt.Sprintf("rules[%d]", i)
		requireRate(name+".rate", r.Rate)
		require(slices.Contains(allFaults, r.Fault),
			"%s.fault must be one of %q, got %q", name, allFaults, r.Fault)
		require(r.Service == "" || slices.Contains(services, r.Service),
			"%s.service must be one of %q or absent, got %q", name, services, r.Service)
		require(r.Fault == Slow || r.DelayMS == 0,
			"%s.delayMs must be absent with the fault %q, got %d", name, r.Fault, r.DelayMS)
		require(r.FromSeconds >= 0, "%s.fromSeconds must be at least 0, got %g", name,
			r.FromSeconds)
		require(r.ForSeconds >= 0, "%s.forSeconds must be at least 0, got %g", name, r.ForSeconds)
		require(r.Fault != Slow || r.DelayMS > 0 && r.DelayMS <= maxDelayMS,
			"%s.delayMs must be from 1 to %d, got %d", name, maxDelayMS, r.DelayMS)
	}
	return errors.Join(errs...)
}

// matches reports whether the rule applies to a call. elapsed is the time since the platform's
// start.
func (r Rule) matches(c call, elapsed time.Duration) bool {
	seconds := elapsed.Seconds()
	if seconds < r.FromSeconds || r.ForSeconds > 0 && seconds >= r.FromSeconds+r.ForSeconds {
		return false
	}
	return (r.Service == "" || r.Service == c.Service) &&
		(r.Operation == "" || r.Operation == c.Operation) &&
		strings.HasSuffix(c.Function, r.Function)
}

// CheckNames returns an error for each rule that names an unknown operation or function. The map
// operations holds the operations of each service.
func (c Config) CheckNames(operations map[string][]string, functions []string) error {
	var errs []error
	for i, r := range c.Rules {
		errs = append(errs, checkOperation(i, r, operations), checkFunction(i, r, functions))
	}
	return errors.Join(errs...)
}

func checkOperation(i int, r Rule, operations map[string][]string) error {
	if r.Operation == "" {
		return nil
	}
	services := slices.Sorted(maps.Keys(operations))
	if r.Service != "" {
		services = []string{r.Service}
	}
	var known []string
	for _, service := range services {
		if slices.Contains(operations[service], r.Operation) {
			return nil
		}
		known = append(known, fmt.Sprintf("%s has %s", service,
			strings.Join(operations[service], ", ")))
	}
	return fmt.Errorf("rules[%d].operation must be a known operation, got %q; %s",
		i, r.Operation, strings.Join(known, "; "))
}

func checkFunction(i int, r Rule, functions []string) error {
	matches := func(name string) bool { return strings.HasSuffix(name, r.Function) }
	if r.Function == "" || slices.ContainsFunc(functions, matches) {
		return nil
	}
	return fmt.Errorf("rules[%d].function must be the suffix of a function name, got %q; "+
		"the functions are %s", i, r.Function, strings.Join(functions, ", "))
}
