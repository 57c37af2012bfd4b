package emulator

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
)

// deliverEvent sends an event to the target of a rule, which must be a queue or a function.
func (s *services) deliverEvent(_ context.Context, d eventbridge.Delivery) error {
	target, err := arn.Parse(d.TargetARN)
	if err != nil {
		return fmt.Errorf("parse the target's ARN %s: %w", d.TargetARN, err)
	}
	switch target.Service {
	case "sqs":
		return s.deliverToQueue(d)
	case "lambda":
		return s.deliverToFunction(d, target)
	}
	return fmt.Errorf("the local platform does not support targets of service %s", target.Service)
}

// authorizeDelivery checks that the resource policy of a target allows EventBridge to call the
// action for the rule.
func (s *services) authorizeDelivery(d eventbridge.Delivery, action, resource string) error {
	if _, ok := s.authorizer.Policies.Resources[resource]; !ok {
		return nil // an API call created the target, or policies are not enforced
	}
	return s.authorizer.AuthorizeService("events.amazonaws.com", d.RuleARN, action, resource, nil)
}

func (s *services) deliverToQueue(d eventbridge.Delivery) error {
	queue, ok := s.SQS.QueueByARN(d.TargetARN)
	if !ok {
		return errors.New("the queue does not exist")
	}
	if err := s.authorizeDelivery(d, "sqs:SendMessage", d.TargetARN); err != nil {
		return err
	}
	_, err := queue.Send(string(d.Event), 0)
	return err
}

func (s *services) deliverToFunction(d eventbridge.Delivery, target arn.ARN) error {
	name := resources.FunctionName(d.TargetARN)
	target.Resource = "function:" + name // without a version or alias
	if err := s.authorizeDelivery(d, "lambda:InvokeFunction", target.String()); err != nil {
		return err
	}
	return s.Lambda.InvokeAsync(name, d.Event)
}
