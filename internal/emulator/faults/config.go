// Package faults injects faults into the AWS calls of functions: errors, throttling, timeouts and
// lost responses. It also kills sandboxes during a call and delivers messages twice. A seed and the
// call's number decide which calls get a fault.
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

// Config configures the faults. The zero value injects none.
type Config struct {
	Seed                  uint64  `json:"seed"`
	Rules                 []Rule  `json:"rules"`
	KillRate              float64 `json:"killRate"`              // of calls that kill the sandbox
	DuplicateDeliveryRate float64 `json:"duplicateDeliveryRate"` // of messages delivered twice
}

// Rule injects a fault into some calls. The first rule that matches a call and its rate applies.
type Rule struct {
	Service   string  `json:"service"`   // s3, dynamodb, sqs or events; "" for all
	Operation string  `json:"operation"` // such as PutObject; "" for all
	Function  string  `json:"function"`  // suffix of its name, such as worker; "" for all
	Rate      float64 `json:"rate"`      // of the matching calls, from 0 to 1
	Fault     Fault   `json:"fault"`
	DelayMS   int     `json:"delayMs"` // of the fault slow
}

// Fault names a kind of failure of a call.
type Fault string

// The faults.
const (
	Error        Fault = "error"         // status 500, without an effect
	Throttle     Fault = "throttle"      // the service's throttling error, without an effect
	Timeout      Fault = "timeout"       // neither a response nor an effect
	LostResponse Fault = "lost-response" // an effect, but a closed connection
	Slow         Fault = "slow"          // a response after DelayMS
)

var (
	allFaults   = []Fault{Error, Throttle, Timeout, LostResponse, Slow}
	allServices = []string{"s3", "dynamodb", "sqs", "events"}
)

// maxDelay bounds the fault slow by Lambda's longest timeout.
const maxDelay = 15 * time.Minute

// ReadConfig reads a Config from a JSON file. It rejects unknown fields.
func ReadConfig(file string) (Config, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("read faults: %w", err)
	}
	var c Config
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("read faults in %s: %w", file, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("read faults in %s: data after the JSON object", file)
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("read faults in %s: %w", file, err)
	}
	return c, nil
}

// check returns all validation errors.
func (c Config) check() error {
	errs := []error{checkRate("killRate", c.KillRate),
		checkRate("duplicateDeliveryRate", c.DuplicateDeliveryRate)}
	for i, r := range c.Rules {
		name := fmt.Sprintf("rules[%d]", i)
		errs = append(errs, checkRate(name+".rate", r.Rate))
		if !slices.Contains(allFaults, r.Fault) {
			errs = append(errs, fmt.Errorf("%s.fault must be one of %q, got %q", name, allFaults,
				r.Fault))
		}
		if r.Service != "" && !slices.Contains(allServices, r.Service) {
			errs = append(errs, fmt.Errorf("%s.service must be one of %q or absent, got %q",
				name, allServices, r.Service))
		}
		longest := int(maxDelay.Milliseconds())
		switch {
		case r.Fault != Slow && r.DelayMS != 0:
			errs = append(errs, fmt.Errorf("%s.delayMs must be absent with the fault %q, got %d",
				name, r.Fault, r.DelayMS))
		case r.Fault == Slow && (r.DelayMS < 1 || r.DelayMS > longest):
			errs = append(errs, fmt.Errorf("%s.delayMs must be from 1 to %d, got %d",
				name, longest, r.DelayMS))
		}
	}
	return errors.Join(errs...)
}

func checkRate(name string, value float64) error {
	if value < 0 || value > 1 {
		return fmt.Errorf("%s must be from 0 to 1, got %g", name, value)
	}
	return nil
}

func (r Rule) matches(c call) bool {
	return (r.Service == "" || r.Service == c.Service) &&
		(r.Operation == "" || r.Operation == c.Operation) &&
		strings.HasSuffix(c.Function, r.Function)
}
