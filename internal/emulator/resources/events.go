package resources

import (
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

type ruleProperties struct {
	Name               string
	EventBusName       string
	EventPattern       document
	ScheduleExpression string
	State              string
	Targets            []struct {
		Id, Arn, Input, InputPath string
		InputTransformer          any
	}
}

func createRule(c *creation, in ruleProperties) (values, error) {
	name := c.name(in.Name, 64)
	rule := eventbridge.Rule{
		Name: name, Bus: in.EventBusName, EventPattern: json.RawMessage(in.EventPattern),
		Disabled: in.State == "DISABLED",
	}
	if in.ScheduleExpression != "" {
		var err error
		if rule.Rate, err = eventbridge.ParseRate(in.ScheduleExpression); err != nil {
			return c.skip(" with ScheduleExpression " + in.ScheduleExpression)
		}
	}
	for _, t := range in.Targets {
		if t.InputTransformer != nil {
			c.reportNotRun("target with InputTransformer of rule "+name, 1)
			continue
		}
		if target := c.unsupportedTarget(t.Arn); target != "" {
			c.reportNotRun("target of rule "+name+": "+target, 1)
			continue
		}
		rule.Targets = append(rule.Targets, eventbridge.Target{
			ID: t.Id, ARN: t.Arn, Input: t.Input, InputPath: t.InputPath,
		})
	}
	err := c.EventBridge.PutRule(rule)
	if failure, ok := errors.AsType[*protocol.Error](err); ok { // such as an unknown matcher
		c.OnRuleSkipped(name, failure.Message)
		return c.skip(" " + name + ": " + failure.Message)
	}
	if err != nil {
		return values{}, err
	}
	return newValues(name, "Arn", c.EventBridge.RuleARN(in.EventBusName, name)), nil
}

// unsupportedTarget describes a target to which the emulator sends no events. For other targets, it
// returns "".
func (p *Provider) unsupportedTarget(targetARN string) string {
	target, err := arn.Parse(targetARN)
	if err != nil {
		return "" // PutRule rejects the invalid ARN
	}
	switch target.Service {
	case sqs.Name:
		return ""
	case protocol.Lambda:
		if name := FunctionName(targetARN); !p.runsFunction(name) {
			return "function " + name + ", which is not run"
		}
		return ""
	}
	return target.Service + " " + target.Resource
}

type busProperties struct{ Name, KmsKeyIdentifier string }

func createBus(c *creation, in busProperties) (values, error) {
	name := c.name(in.Name, 256)
	if err := c.EventBridge.CreateBus(name); err != nil {
		return values{}, err
	}
	arn := c.EventBridge.BusARN(name)
	c.checkKeyLater("events.amazonaws.com", in.KmsKeyIdentifier, arn, "aws:events:event-bus:arn")
	return newValues(name, "Arn", arn, "Name", name), nil
}
