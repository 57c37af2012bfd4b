package emulator

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

func (p *provisioner) queue(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
		QueueName                     string
		FifoQueue                     flag
		DelaySeconds                  number
		MaximumMessageSize            number
		MessageRetentionPeriod        number
		ReceiveMessageWaitTimeSeconds number
		VisibilityTimeout             number
		RedrivePolicy                 document
		KmsMasterKeyId                string
	}
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	if in.FifoQueue {
		return p.skip(r, r.Type+" with FifoQueue"), nil
	}
	config := sqs.QueueConfig{
		Name:              p.name(in.QueueName, r, 80),
		VisibilityTimeout: in.VisibilityTimeout.seconds(),
		Delay:             in.DelaySeconds.seconds(),
		MessageRetention:  in.MessageRetentionPeriod.seconds(),
		ReceiveWaitTime:   in.ReceiveMessageWaitTimeSeconds.seconds(),
		MaxMessageSize:    int(in.MaximumMessageSize),
	}
	if in.RedrivePolicy != nil {
		var policy struct {
			DeadLetterTargetArn string `json:"deadLetterTargetArn"`
			MaxReceiveCount     number `json:"maxReceiveCount"`
		}
		if err := json.Unmarshal(in.RedrivePolicy, &policy); err != nil {
			return cloudformation.Made{}, failed(r, fmt.Errorf("read its RedrivePolicy: %w", err))
		}
		config.DeadLetterQueue, config.MaxReceiveCount = policy.DeadLetterTargetArn, int(policy.MaxReceiveCount)
	}
	queue, err := p.services.sqs.CreateQueue(config)
	if err != nil {
		return cloudformation.Made{}, failed(r, err)
	}
	p.stated.has(queue.ARN())
	p.encrypts(in.KmsMasterKeyId, queue.ARN())
	return cloudformation.Made{Ref: queue.URL(), Attributes: map[string]string{
		"Arn": queue.ARN(), "QueueName": queue.Name(), "QueueUrl": queue.URL(),
	}}, nil
}

func (p *provisioner) bus(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct{ Name, KmsKeyIdentifier string }
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	name := p.name(in.Name, r, 256)
	if err := p.services.events.CreateBus(name); err != nil {
		return cloudformation.Made{}, failed(r, err)
	}
	arn := p.services.events.BusARN(name)
	p.uses(r, "events.amazonaws.com", in.KmsKeyIdentifier, arn, "aws:events:event-bus:arn")
	return cloudformation.Made{Ref: name, Attributes: map[string]string{"Arn": arn, "Name": name}}, nil
}

func (p *provisioner) rule(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
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
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	name := p.name(in.Name, r, 64)
	rule := eventbridge.Rule{Name: name, Bus: in.EventBusName, EventPattern: json.RawMessage(in.EventPattern), Disabled: in.State == "DISABLED"}
	if in.ScheduleExpression != "" {
		var err error
		if rule.Rate, err = eventbridge.ParseRate(in.ScheduleExpression); err != nil {
			return p.skip(r, r.Type+" with ScheduleExpression "+in.ScheduleExpression), nil
		}
	}
	for _, t := range in.Targets {
		if t.InputTransformer != nil {
			p.leaveOut("target with InputTransformer of rule "+name, 1)
			continue
		}
		if why := p.notDelivered(t.Arn); why != "" {
			p.leaveOut("target of rule "+name+": "+why, 1)
			continue
		}
		rule.Targets = append(rule.Targets, eventbridge.Target{ID: t.Id, ARN: t.Arn, Input: t.Input, InputPath: t.InputPath})
	}
	if err := p.services.events.PutRule(rule); err != nil {
		return cloudformation.Made{}, failed(r, err)
	}
	return cloudformation.Made{Ref: name, Attributes: map[string]string{"Arn": p.services.events.RuleARN(in.EventBusName, name)}}, nil
}

// notDelivered says why events do not reach a rule's target, "" when they do.
func (p *provisioner) notDelivered(arn string) string {
	parts := strings.Split(arn, ":") // arn:aws:SERVICE:REGION:ACCOUNT:…
	if len(parts) < 6 {
		return "" // PutRule says what is wrong with it
	}
	switch parts[2] {
	case "sqs":
		return ""
	case "lambda":
		if name := functionName(arn); !p.functions[name] {
			return "function " + name + ", which is not run"
		}
		return ""
	}
	return parts[2] + " " + parts[5]
}
