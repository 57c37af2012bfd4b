package emulator

import (
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/logs"
)

// functionOf returns the function whose sandbox signs its calls with the access key.
func (s *services) functionOf(accessKey string) (string, bool) {
	function, _, ok := s.Lambda.FindSandbox(accessKey)
	return function, ok
}

// denyLogs discards the log of a function from now on, and records the reason.
func (s *services) denyLogs(function, operation string, reason error) {
	s.logDenials[function] = reason
	s.recordDenial(iam.Denial{
		Caller: function, Service: logs.Name, Operation: operation, Message: reason.Error(),
	})
}
