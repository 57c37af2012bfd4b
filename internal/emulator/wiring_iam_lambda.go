package emulator

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"

// functionOf returns the function whose sandbox signs its calls with the access key.
func (s *services) functionOf(accessKey string) (string, bool) {
	function, _, ok := s.Lambda.FindSandbox(accessKey)
	return function, ok
}

// denyLogs discards the log of a function from now on, and records the reason.
func (s *services) denyLogs(function, operation string, reason error) {
	s.logDenials[function] = reason
	s.recordDenial(iam.Denial{
		Caller: function, Service: "logs", Operation: operation, Message: reason.Error(),
	})
}

// logs returns a function that receives each line that a Lambda function prints. It discards the
// lines of functions whose role may not write to CloudWatch Logs.
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
