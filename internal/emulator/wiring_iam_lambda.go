package emulator

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"

// functionOf returns the function whose sandbox signs with an access key.
func (s *services) functionOf(accessKey string) (string, bool) {
	function, _, ok := s.Lambda.FindSandbox(accessKey)
	return function, ok
}

// denyLogs drops the log of a function from now on, and records why.
func (s *services) denyLogs(function, operation string, reason error) {
	s.logDenials[function] = reason
	s.recordDenial(iam.Denial{
		Caller: function, Service: "logs", Operation: operation, Message: reason.Error(),
	})
}

// logs returns what receives the lines that functions print. It drops those of functions whose role
// may not write to CloudWatch Logs.
func (s *services) logs(next func(function string, line []byte)) func(string, []byte) {
	return func(function string, line []byte) {
		if s.logDenials[function] != nil {
			return
		}
		s.recorder.RecordLine(function, line)
		if next != nil {
			next(function, line)
		}
	}
}
