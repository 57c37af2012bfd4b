package eventbridge

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Rule sends events to its targets. A rule with an EventPattern sends the matching events of its
// bus. A rule with a Rate sends scheduled events at this interval.
type Rule struct {
	Name         string
	Bus          string // name or ARN; "" selects the default bus
	EventPattern json.RawMessage
	Rate         time.Duration // interval of scheduled events; 0 if the rule has an event pattern
	Description  string
	Disabled     bool
	Targets      []Target
}

// Target represents a resource that a rule sends events to.
type Target struct {
	ID        string
	ARN       string
	Input     string // JSON that the target receives instead of the event
	InputPath string // path of the part of the event that the target receives, such as $.detail
}

// maxTargets limits the targets of a rule. It equals EventBridge's quota.
const maxTargets = 5

type rule struct {
	Rule
	pattern pattern
	targets map[string]Target
}

// PutRule creates or replaces a rule and its targets. For a rule with a Rate, it starts a new
// schedule instead. If PutRule returns an error, it has changed nothing.
func (s *Service) PutRule(r Rule) error {
	if r.Rate > 0 {
		return s.startSchedule(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := &rule{Rule: r}
	if err := next.setTargets(r.Targets); err != nil {
		return err
	}
	stored, err := s.storeRule(r)
	if err != nil {
		return fmt.Errorf("put rule %s: %w", r.Name, err)
	}
	stored.targets = next.targets
	return nil
}

// storeRule creates or updates a rule, but not its targets: an existing rule keeps its targets. The
// caller holds s.mu.
func (s *Service) storeRule(r Rule) (*rule, error) {
	if err := validateName("rule", r.Name, 64); err != nil {
		return nil, err
	}
	b, err := s.bus(r.Bus)
	if err != nil {
		return nil, err
	}
	compiled, err := parsePattern(r.EventPattern)
	if err != nil {
		return nil, protocol.Errorf("InvalidEventPatternException",
			"Event pattern is not valid. Reason: %v", err)
	}
	targets := map[string]Target{}
	if old, ok := b.rules[r.Name]; ok {
		targets = old.targets
	}
	r.Bus, r.Targets = b.name, nil
	stored := &rule{r, compiled, targets}
	b.rules[r.Name] = stored
	return stored, nil
}

// setTargets replaces the targets of the rule.
func (r *rule) setTargets(targets []Target) error {
	r.targets = map[string]Target{}
	for _, t := range targets {
		if err := r.putTarget(t); err != nil {
			return fmt.Errorf("put rule %s: %w", r.Name, err)
		}
	}
	return nil
}

func (r *rule) putTarget(t Target) error {
	if err := validateName("target", t.ID, 64); err != nil {
		return err
	}
	_, replaces := r.targets[t.ID]
	switch {
	case !strings.HasPrefix(t.ARN, "arn:"):
		return validationError("Parameter %s is not valid. "+
			"Reason: Provided Arn is not in correct format.", t.ARN)
	case t.Input != "" && !json.Valid([]byte(t.Input)):
		return validationError("JSON syntax error in input for target %s.", t.ID)
	case t.Input != "" && t.InputPath != "":
		return validationError("Only one of Input and InputPath can be set for target %s.", t.ID)
	case t.InputPath != "" && t.InputPath != "$" && !strings.HasPrefix(t.InputPath, "$."):
		return validationError("Invalid InputPath for target %s: %s must begin with $.",
			t.ID, t.InputPath)
	case !replaces && len(r.targets) == maxTargets:
		return protocol.Errorf("LimitExceededException",
			"The requested resource exceeds the maximum number allowed: %d targets.", maxTargets)
	}
	r.targets[t.ID] = t
	return nil
}

// sortedTargets returns the targets, sorted by id.
func (r *rule) sortedTargets() []Target {
	var targets []Target
	for _, id := range slices.Sorted(maps.Keys(r.targets)) {
		targets = append(targets, r.targets[id])
	}
	return targets
}

// input returns the data for the target. It returns Input if the target has one, else the part of
// the event that InputPath selects, else the whole event.
func (t Target) input(event []byte) ([]byte, error) {
	if t.Input != "" {
		return []byte(t.Input), nil
	}
	part := json.RawMessage(event)
	path := strings.TrimPrefix(strings.TrimPrefix(t.InputPath, "$"), ".")
	if path == "" {
		return part, nil
	}
	for field := range strings.SplitSeq(path, ".") {
		var object map[string]json.RawMessage
		_ = json.Unmarshal(part, &object) // values of other types have no fields
		var ok bool
		if part, ok = object[field]; !ok {
			return nil, fmt.Errorf("event has no value at input path %s", t.InputPath)
		}
	}
	return part, nil
}
