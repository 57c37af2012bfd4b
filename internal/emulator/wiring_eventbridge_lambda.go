package emulator

import (
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
)

func (s *services) deliverToFunction(d eventbridge.Delivery, target arn.ARN) error {
	name := resources.FunctionName(d.TargetARN)
	target.Resource = "function:" + name // without a version or alias
	if err := s.authorizeDelivery(d, "lambda:InvokeFunction", target.String()); err != nil {
		return err
	}
	return s.Lambda.InvokeAsync(name, d.Event)
}
