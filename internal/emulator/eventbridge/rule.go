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

// Rule sends the events of a bus that match its pattern to its targets.
type Rule struct {
	Name         string
	Bus          string          // name or ARN; the default bus when empty
	EventPattern json.RawMessage // an event pattern
	Rate         time.Duration   // for a rule on a schedule, which has no pattern and is on the default bus
	Description  string
	Disabled     bool
	Targets      []Target
}

// Target is where a rule sends events to.
type Target struct {
	ID        string
	ARN       string
	Input     string // JSON to send in place of the event
	InputPath string // the part of the event to send, such as $.detail
}

// maxTargets is EventBridge's quota "targets per rule".
const maxTargets = 5

type rule struct {
	Rule
	pattern pattern
	targets map[string]Target
}

// PutRule makes a rule, or replaces the one of that name, with its targets.
func (s *Service) PutRule(r Rule) error {
	if r.Rate > 0 {
		return s.startSchedule(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.storeRule(r); err != nil {
		return fmt.Errorf("put rule %s: %w", r.Name, err)
	}
	b, err := s.bus(r.Bus)
	if err != nil {
		return err
	}
	made := b.rules[r.Name]
	made.targets = map[string]Target{}
	for _, t := range r.Targets {
		if err := made.putTarget(t); err != nil {
			return fmt.Errorf("put rule %s: %w", r.Name, err)
		}
	}
	return nil
}

// storeRule makes or changes a rule and leaves its targets alone. The caller holds s.mu.
func (s *Service) storeRule(r Rule) error {
	if err := validateName("rule", r.Name, 64); err != nil {
		return err
	}
	b, err := s.bus(r.Bus)
	if err != nil {
		return err
	}
	compiled, err := parsePattern(r.EventPattern)
	if err != nil {
		return protocol.Errorf("InvalidEventPatternException", "Event pattern is not valid. Reason: %v", err)
	}
	targets := map[string]Target{}
	if old, ok := b.rules[r.Name]; ok {
		targets = old.targets
	}
	r.Bus, r.Targets = b.name, nil
	b.rules[r.Name] = &rule{r, compiled, targets}
	return nil
}

func (r *rule) putTarget(t Target) error {
	_, replaces := r.targets[t.ID]
	switch {
	case validateName("target", t.ID, 64) != nil:
		return validateName("target", t.ID, 64)
	case !strings.HasPrefix(t.ARN, "arn:"):
		return protocol.Errorf("ValidationException", "Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.ARN)
	case t.Input != "" && !json.Valid([]byte(t.Input)):
		return protocol.Errorf("ValidationException", "JSON syntax error in input for target %s.", t.ID)
	case t.Input != "" && t.InputPath != "":
		return protocol.Errorf("ValidationException", "Only one of Input and InputPath can be given for target %s.", t.ID)
	case t.InputPath != "" && t.InputPath != "$" && !strings.HasPrefix(t.InputPath, "$."):
		return protocol.Errorf("ValidationException", "Invalid InputPath for target %s: %s must begin with $.", t.ID, t.InputPath)
	case !replaces && len(r.targets) == maxTargets:
		return protocol.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed: %d targets.", maxTargets)
	}
	r.targets[t.ID] = t
	return nil
}

// sortedTargets is the rule's targets by id.
func (r *rule) sortedTargets() []Target {
	var targets []Target
	for _, id := range slices.Sorted(maps.Keys(r.targets)) {
		targets = append(targets, r.targets[id])
	}
	return targets
}

// input is what the target gets of an event.
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
		_ = json.Unmarshal(part, &object) // what is no object has no fields
		var ok bool
		if part, ok = object[field]; !ok {
			return nil, fmt.Errorf("the event has nothing at the input path %s", t.InputPath)
		}
	}
	return part, nil
}
