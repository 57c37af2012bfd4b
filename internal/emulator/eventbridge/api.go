package eventbridge

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func (s *Service) operations() protocol.JSONHandler {
	read, write := s.mu.RLocker(), &s.mu
	return protocol.JSONHandler{
		"CreateEventBus":    protocol.Locked(write, s.createEventBus),
		"DescribeEventBus":  protocol.Locked(read, s.describeEventBus),
		"ListEventBuses":    protocol.Locked(read, s.listEventBuses),
		"PutRule":           protocol.Locked(write, s.putRule),
		"DescribeRule":      protocol.Locked(read, s.describeRule),
		"ListRules":         protocol.Locked(read, s.listRules),
		"DeleteRule":        protocol.Locked(write, s.deleteRule),
		"PutTargets":        protocol.Locked(write, s.putTargets),
		"ListTargetsByRule": protocol.Locked(read, s.listTargetsByRule),
		"RemoveTargets":     protocol.Locked(write, s.removeTargets),
		"PutEvents":         protocol.NewOperation(s.putEvents),
	}
}

type nameInput struct{ Name string }

type busDescription struct {
	Name string
	Arn  string
}

type busARN struct{ EventBusArn string }

func (s *Service) createEventBus(in *nameInput) (*busARN, error) {
	if _, exists := s.buses[in.Name]; exists {
		return nil, protocol.Errorf("ResourceAlreadyExistsException",
			"Event bus %s already exists.", in.Name)
	}
	return &busARN{s.BusARN(in.Name)}, s.addBus(in.Name)
}

func (s *Service) describeEventBus(in *nameInput) (*busDescription, error) {
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

func (s *Service) listEventBuses(in *listInput) (*listBusesOutput, error) {
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

func (s *Service) putRule(in *putRuleInput) (*ruleARN, error) {
	switch {
	case in.ScheduleExpression != "":
		return nil, validationError("Parameter ScheduleExpression is not valid. " +
			"Reason: The local platform supports schedules only in CloudFormation templates.")
	case in.EventPattern == "":
		return nil, validationError(
			"Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case in.State != "" && in.State != "ENABLED" && in.State != "DISABLED":
		return nil, validationError("State %s must be ENABLED or DISABLED.", in.State)
	}
	r, err := s.storeRule(Rule{
		Name:         in.Name,
		Bus:          in.EventBusName,
		EventPattern: json.RawMessage(in.EventPattern),
		Description:  in.Description,
		Disabled:     in.State == "DISABLED",
	})
	if err != nil {
		return nil, err
	}
	return &ruleARN{s.RuleARN(r.Bus, r.Name)}, nil
}

// ruleInput names a rule.
type ruleInput struct{ EventBusName, Name string }

func (s *Service) describeRule(in *ruleInput) (*ruleDescription, error) {
	r, err := s.rule(in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	description := s.describe(r)
	return &description, nil
}

type listRulesOutput struct{ Rules []ruleDescription }

func (s *Service) listRules(in *listInput) (*listRulesOutput, error) {
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

func (s *Service) deleteRule(in *ruleInput) (*empty, error) {
	b, err := s.bus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	if r, ok := b.rules[in.Name]; ok && len(r.targets) > 0 {
		return nil, validationError("Rule can't be deleted since it has targets.")
	}
	delete(b.rules, in.Name)
	return &empty{}, nil
}

type target struct {
	Id               string
	Arn              string
	Input            string          `json:",omitempty"`
	InputPath        string          `json:",omitempty"`
	InputTransformer json.RawMessage `json:",omitempty"`
}

type targetsInput struct {
	EventBusName, Rule string
	Targets            []target // only for PutTargets
	Ids                []string // only for RemoveTargets
}

type targetsOutput struct {
	FailedEntryCount int
	FailedEntries    []failedTarget
}

type failedTarget struct{ TargetId, ErrorCode, ErrorMessage string }

var errTransformer = validationError("The local platform does not support InputTransformer.")

func (s *Service) putTargets(in *targetsInput) (*targetsOutput, error) {
	r, err := s.rule(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	out := &targetsOutput{FailedEntries: []failedTarget{}}
	for _, t := range in.Targets {
		err := s.checkTarget(t)
		if err == nil {
			err = r.putTarget(Target{t.Id, t.Arn, t.Input, t.InputPath})
		}
		if failure, ok := errors.AsType[*protocol.Error](err); ok {
			out.FailedEntries = append(out.FailedEntries,
				failedTarget{t.Id, failure.Code, failure.Message})
		}
	}
	out.FailedEntryCount = len(out.FailedEntries)
	return out, nil
}

// checkTarget returns an error if the service can never send events to the target.
func (s *Service) checkTarget(t target) error {
	if t.InputTransformer != nil {
		return errTransformer
	}
	if err := s.cfg.CheckTarget(t.Arn); err != nil {
		return validationError("Parameter %s is not valid. Reason: %v.", t.Arn, err)
	}
	return nil
}

type listTargetsOutput struct{ Targets []target }

func (s *Service) listTargetsByRule(in *targetsInput) (*listTargetsOutput, error) {
	r, err := s.rule(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	out := &listTargetsOutput{Targets: []target{}}
	for _, t := range r.sortedTargets() {
		out.Targets = append(out.Targets, target{t.ID, t.ARN, t.Input, t.InputPath, nil})
	}
	return out, nil
}

func (s *Service) removeTargets(in *targetsInput) (*targetsOutput, error) {
	r, err := s.rule(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	for _, id := range in.Ids {
		delete(r.targets, id)
	}
	return &targetsOutput{FailedEntries: []failedTarget{}}, nil
}

// rule finds a rule by its bus and its name. The caller holds s.mu.
func (s *Service) rule(busNameOrARN, name string) (*rule, error) {
	b, err := s.bus(busNameOrARN)
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
