package emulator

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"

// writeLogs returns a callback for lines that Lambda functions print. The callback writes a line to
// the function's log group and passes it to next. It discards the line if the function's role may
// not write logs.
func (s *services) writeLogs(
	next func(function string, line []byte),
) func(lambda.LogSource, []byte) {
	return func(from lambda.LogSource, line []byte) {
		if s.logDenials[from.Function] != nil {
			return
		}
		s.Logs.Write(from.Group, from.Stream, line)
		s.recorder.RecordLine(from.Function, line)
		if next != nil {
			next(from.Function, line)
		}
	}
}
