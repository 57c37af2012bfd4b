package eventbridge

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// TargetPrefix identifies EventBridge's requests in the X-Amz-Target header.
const TargetPrefix = "AWSEvents"

// ServeHTTP serves the EventBridge API.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Operations returns the names of the supported operations, sorted.
func (s *Service) Operations() []string { return s.handler.Operations() }

func (s *Service) operations() protocol.JSONHandler {
	return protocol.JSONHandler{
		"CreateEventBus":    protocol.NewOperation(s.createEventBus),
		"DescribeEventBus":  protocol.NewOperation(s.describeEventBus),
		"ListEventBuses":    protocol.NewOperation(s.listEventBuses),
		"PutRule":           protocol.NewOperation(s.putRule),
		"DescribeRule":      protocol.NewOperation(s.describeRule),
		"ListRules":         protocol.NewOperation(s.listRules),
		"DeleteRule":        protocol.NewOperation(s.deleteRule),
		"PutTargets":        protocol.NewOperation(s.putTargets),
		"ListTargetsByRule": protocol.NewOperation(s.listTargetsByRule),
		"RemoveTargets":     protocol.NewOperation(s.removeTargets),
		"PutEvents":         protocol.NewOperation(s.putEvents),
	}
}

type nameInput struct{ Name string }

type busDescription struct {
	Name string
	Arn  string
}

type busARN struct{ EventBusArn string }

func (s *Service) createEventBus(_ *http.Request, in *nameInput) (*busARN, error) {
	s.mu.RLock()
	_, exists := s.buses[in.Name]
	s.mu.RUnlock()
	if exists {
		return nil, protocol.Errorf("ResourceAlreadyExistsException",
			"Event bus %s already exists.", in.Name)
	}
	return &busARN{s.BusARN(in.Name)}, s.CreateBus(in.Name)
}

func (s *Service) describeEventBus(_ *http.Request, in *nameInput) (*busDescription, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bus(in.Name)
	if err != nil {
		return nil, err
	}
	return &busDescription{b.name, s.BusARN(b.name)}, nil
}

type listInput struct {
	EventBusName string
	NamePrefix   string
}

type listBusesOutput struct{ EventBuses []busDescription }

func (s *Service) listEventBuses(_ *http.Request, in *listInput) (*listBusesOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &listBusesOutput{EventBuses: []busDescription{}}
	for _, name := range slices.Sorted(maps.Keys(s.buses)) {
		if strings.HasPrefix(name, in.NamePrefix) {
			out.EventBuses = append(out.EventBuses, busDescription{name, s.BusARN(name)})
		}
	}
	return out, nil
}

type ruleDescription struct {
	Name         string
	Arn          string
	EventBusName string
	EventPattern string
	State        string
	Description  string `json:",omitempty"`
}

type putRuleInput struct {
	ruleDescription
	ScheduleExpression string
}

type ruleARN struct{ RuleArn string }

func (s *Service) putRule(_ *http.Request, in *putRuleInput) (*ruleARN, error) {
	switch {
	case in.ScheduleExpression != "":
		return nil, validationError("Parameter ScheduleExpression is not valid. " +
			"Reason: The local platform does not support schedules here.")
	case in.EventPattern == "":
		return nil, validationError(
			"Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case in.State != "" && in.State != "ENABLED" && in.State != "DISABLED":
		return nil, validationError("State %s must be ENABLED or DISABLED.", in.State)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.storeRule(Rule{
		Name:         in.Name,
		Bus:          in.EventBusName,
		EventPattern: json.RawMessage(in.EventPattern),
		Description:  in.Description,
		Disabled:     in.State == "DISABLED",
	})
	if err != nil {
		return nil, err
	}
	r, err := s.rule(in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	return &ruleARN{s.describe(r).Arn}, nil
}

func (s *Service) describeRule(_ *http.Request, in *ruleReference) (*ruleDescription, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.rule(in.EventBusName, in.name())
	if err != nil {
		return nil, err
	}
	description := s.describe(r)
	return &description, nil
}

type listRulesOutput struct{ Rules []ruleDescription }

func (s *Service) listRules(_ *http.Request, in *listInput) (*listRulesOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	out := &listRulesOutput{Rules: []ruleDescription{}}
	for _, name := range slices.Sorted(maps.Keys(b.rules)) {
		if strings.HasPrefix(name, in.NamePrefix) {
			out.Rules = append(out.Rules, s.describe(b.rules[name]))
		}
	}
	return out, nil
}

type empty struct{}

func (s *Service) deleteRule(_ *http.Request, in *ruleReference) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	if r, ok := b.rules[in.name()]; ok && len(r.targets) > 0 {
		return nil, validationError("Rule can't be deleted since it has targets.")
	}
	delete(b.rules, in.name())
	return &empty{}, nil
}

// ruleReference names a rule: by Rule in operations on targets, and by Name in the others.
type ruleReference struct {
	EventBusName string
	Name         string
	Rule         string
}

func (r ruleReference) name() string { return r.Name + r.Rule }

type target struct {
	Id               string
	Arn              string
	Input            string          `json:",omitempty"`
	InputPath        string          `json:",omitempty"`
	InputTransformer json.RawMessage `json:",omitempty"`
}

type targetsInput struct {
	ruleReference
	Targets []target // PutTargets
	Ids     []string // RemoveTargets
}

type targetsOutput struct {
	FailedEntryCount int
	FailedEntries    []failedTarget
}

type failedTarget struct{ TargetId, ErrorCode, ErrorMessage string }

var errTransformer = validationError("The local platform does not support InputTransformer.")

func (s *Service) putTargets(_ *http.Request, in *targetsInput) (*targetsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.rule(in.EventBusName, in.name())
	if err != nil {
		return nil, err
	}
	out := &targetsOutput{FailedEntries: []failedTarget{}}
	for _, t := range in.Targets {
		err := errTransformer
		if t.InputTransformer == nil {
			err = r.putTarget(Target{t.Id, t.Arn, t.Input, t.InputPath})
		}
		var failure *protocol.Error
		if errors.As(err, &failure) {
			out.FailedEntries = append(out.FailedEntries,
				failedTarget{t.Id, failure.Code, failure.Message})
		}
	}
	out.FailedEntryCount = len(out.FailedEntries)
	return out, nil
}

type listTargetsOutput struct{ Targets []target }

func (s *Service) listTargetsByRule(
	_ *http.Request, in *ruleReference,
) (*listTargetsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.rule(in.EventBusName, in.name())
	if err != nil {
		return nil, err
	}
	out := &listTargetsOutput{Targets: []target{}}
	for _, t := range r.sortedTargets() {
		out.Targets = append(out.Targets, target{t.ID, t.ARN, t.Input, t.InputPath, nil})
	}
	return out, nil
}

func (s *Service) removeTargets(_ *http.Request, in *targetsInput) (*targetsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.rule(in.EventBusName, in.name())
	if err != nil {
		return nil, err
	}
	for _, id := range in.Ids {
		delete(r.targets, id)
	}
	return &targetsOutput{FailedEntries: []failedTarget{}}, nil
}

// rule finds a rule. The caller holds s.mu.
func (s *Service) rule(busName, name string) (*rule, error) {
	b, err := s.bus(busName)
	if err != nil {
		return nil, err
	}
	r, ok := b.rules[name]
	if !ok {
		return nil, protocol.Errorf("ResourceNotFoundException",
			"Rule %s does not exist on EventBus %s.", name, b.name)
	}
	return r, nil
}

func (s *Service) describe(r *rule) ruleDescription {
	state := "ENABLED"
	if r.Disabled {
		state = "DISABLED"
	}
	return ruleDescription{
		r.Name, s.RuleARN(r.Bus, r.Name), r.Bus, string(r.EventPattern), state, r.Description,
	}
}
