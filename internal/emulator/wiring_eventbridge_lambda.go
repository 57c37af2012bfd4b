package emulator

import (
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
)

func (s *services) deliverToFunction(d eventbridge.Delivery, arn []string) error {
	unqualified := strings.Join(arn[:min(7, len(arn))], ":") // without a version or alias
	if err := s.authorizeDelivery(d, "lambda:InvokeFunction", unqualified); err != nil {
		return err
	}
	return s.Lambda.InvokeAsync(resources.FunctionName(d.TargetARN), d.Event)
}
