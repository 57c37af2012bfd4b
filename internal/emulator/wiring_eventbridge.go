package emulator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// deliverEvent sends an event to the target of a rule. The target is a queue or a function.
func (s *services) deliverEvent(_ context.Context, d eventbridge.Delivery) error {
	if err := s.checkTarget(d.TargetARN); err != nil {
		return err
	}
	target, err := arn.Parse(d.TargetARN)
	if err != nil {
		return err
	}
	if target.Service == sqs.Name {
		return s.deliverToQueue(d)
	}
	return s.deliverToFunction(d)
}

// checkTarget returns an error if the platform can never deliver events to a target with the ARN.
// The target need not exist yet.
func (s *services) checkTarget(targetARN string) error {
	target, err := arn.Parse(targetARN)
	if err != nil {
		return fmt.Errorf("parse the target's ARN %s: %w", targetARN, err)
	}
	region, account := s.authorizer.Region, s.authorizer.Account
	toQueue, toFunction := target.Service == sqs.Name, target.Service == protocol.Lambda
	switch {
	case !toQueue && !toFunction, toQueue && strings.HasSuffix(target.Resource, ".fifo"):
		return errors.New("the local platform delivers events only to standard queues of SQS " +
			"and to functions of Lambda")
	case toFunction && !strings.HasPrefix(target.Resource, "function:"):
		return fmt.Errorf("a target in Lambda must be a function, got %s", targetARN)
	case target.Region != region || target.AccountID != account:
		return fmt.Errorf("the target must be in region %s and account %s, got %s",
			region, account, targetARN)
	}
	return nil
}

// authorizeDelivery checks that a target's resource policy allows EventBridge to perform the action
// for the rule.
func (s *services) authorizeDelivery(
	authorizer iam.Authorizer, d eventbridge.Delivery, action, resource string,
) error {
	if s.noPolicies {
		return nil
	}
	return authorizer.AuthorizeService("events.amazonaws.com", d.RuleARN, action, resource, nil)
}

func (s *services) deliverToQueue(d eventbridge.Delivery) error {
	queue, ok := s.SQS.QueueByARN(d.TargetARN)
	if !ok {
		return errors.New("the target queue does not exist")
	}
	authorizer := s.authorizer
	// A policy that an API call has set replaces the policy in the template.
	if policy := queue.Policy(); policy != "" {
		parsed, err := iam.ParseResourcePolicy([]byte(policy))
		if err != nil {
			return fmt.Errorf("parse the policy of queue %s: %w", queue.Name(), err)
		}
		authorizer.Policies.Resources = map[string][]iam.Document{d.TargetARN: {parsed}}
	}
	if err := s.authorizeDelivery(authorizer, d, "sqs:SendMessage", d.TargetARN); err != nil {
		return err
	}
	_, err := queue.Send(string(d.Event), 0)
	return err
}

// deliverToFunction invokes a function, or a version or alias of a function.
func (s *services) deliverToFunction(d eventbridge.Delivery) error {
	err := s.authorizeDelivery(s.authorizer, d, "lambda:InvokeFunction", d.TargetARN)
	if err != nil {
		return err
	}
	return s.Lambda.InvokeAsync(d.TargetARN, d.Event)
}
