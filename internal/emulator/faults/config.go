// Package faults lets AWS calls of functions fail as they do on a bad day: errors, throttling, answers that never come,
// or come after their effect; it kills functions in the middle of their work, and delivers messages twice. Which call is
// reportInjection follows from a seed and the call's number.
package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Config says what goes wrong and how often. The zero value lets everything pass.
type Config struct {
	Seed                  uint64  `json:"seed"`
	Rules                 []Rule  `json:"rules"`
	KillRate              float64 `json:"killRate"`              // of calls at which the function's process is killed
	DuplicateDeliveryRate float64 `json:"duplicateDeliveryRate"` // of messages that are delivered once more
}

// Rule lets calls fail in one way. For each call the rules are asked in order, and the first that hits is followed.
type Rule struct {
	Service   string  `json:"service"`   // s3, dynamodb, sqs, events; any when empty
	Operation string  `json:"operation"` // such as PutObject; any when empty
	Function  string  `json:"function"`  // the end of its name, such as worker; any when empty
	Rate      float64 `json:"rate"`      // of the calls that match, from 0 to 1
	Fault     Fault   `json:"fault"`
	DelayMS   int     `json:"delayMs"` // of slow
}

// Fault is a way in which a call fails.
type Fault string

// The faults.
const (
	Error        Fault = "error"         // a 500, without an effect
	Throttle     Fault = "throttle"      // the service's own throttling error, without an effect
	Timeout      Fault = "timeout"       // no answer and no effect, until the caller gives up
	LostResponse Fault = "lost-response" // the effect happens, then the connection is cut
	Slow         Fault = "slow"          // the answer comes DelayMS later
)

var (
	allFaults   = []Fault{Error, Throttle, Timeout, LostResponse, Slow}
	allServices = []string{"s3", "dynamodb", "sqs", "events"}
)

// maxDelay bounds slow: Lambda's longest timeout.
const maxDelay = 15 * time.Minute

// ReadConfig reads a Config from a JSON file, and refuses what it does not know.
func ReadConfig(file string) (Config, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("read the faults: %w", err)
	}
	var c Config
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("read the faults in %s: %w", file, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("read the faults in %s: there is something behind the object", file)
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("the faults in %s: %w", file, err)
	}
	return c, nil
}

// check reports all mistakes at once.
func (c Config) check() error {
	errs := []error{checkRate("killRate", c.KillRate), checkRate("duplicateDeliveryRate", c.DuplicateDeliveryRate)}
	for i, r := range c.Rules {
		name := fmt.Sprintf("rules[%d]", i)
		errs = append(errs, checkRate(name+".rate", r.Rate))
		if !slices.Contains(allFaults, r.Fault) {
			errs = append(errs, fmt.Errorf("%s.fault is %q; take one of %q", name, r.Fault, allFaults))
		}
		if r.Service != "" && !slices.Contains(allServices, r.Service) {
			errs = append(errs, fmt.Errorf("%s.service is %q; take one of %q, or leave it out for all", name, r.Service, allServices))
		}
		if most := int(maxDelay.Milliseconds()); r.DelayMS < 0 || r.DelayMS > most || (r.Fault == Slow) != (r.DelayMS > 0) {
			errs = append(errs, fmt.Errorf("%s.delayMs is %d; take one from 1 to %d with the fault %q, and none with another", name, r.DelayMS, most, Slow))
		}
	}
	return errors.Join(errs...)
}

func checkRate(name string, value float64) error {
	if value < 0 || value > 1 {
		return fmt.Errorf("%s is %g; it must be from 0 to 1", name, value)
	}
	return nil
}

func (r Rule) matches(c call) bool {
	return (r.Service == "" || r.Service == c.service) && (r.Operation == "" || r.Operation == c.operation) &&
		strings.HasSuffix(c.function, r.Function)
}
