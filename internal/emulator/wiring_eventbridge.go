package emulator

import (
	"context"
	"fmt"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
)

// deliverEvent delivers an event to the target of a rule.
func (s *services) deliverEvent(_ context.Context, d eventbridge.Delivery) error {
	parts := strings.Split(d.TargetARN, ":") // arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE
	if len(parts) < 6 {
		return fmt.Errorf("%s is not an ARN", d.TargetARN)
	}
	switch parts[2] {
	case "sqs":
		return s.deliverToQueue(d)
	case "lambda":
		return s.deliverToFunction(d, parts)
	}
	return fmt.Errorf("targets of %s are not run locally", parts[2])
}

// authorizeDelivery checks that the policy of a target allows EventBridge to act on it for the
// rule.
func (s *services) authorizeDelivery(d eventbridge.Delivery, action, resource string) error {
	if _, ok := s.authorizer.Policies.Resources[resource]; !ok {
		return nil // created by an API call, or policies are not enforced
	}
	return s.authorizer.AuthorizeService("events.amazonaws.com", d.RuleARN, action, resource, nil)
}
