package emulator

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"

// accessLogs returns a function that writes an access log line of an HTTP API to a log group. Each
// API has one log stream.
func (s *services) accessLogs(a *resources.API) func(logGroup string, line []byte) {
	return func(logGroup string, line []byte) { s.Logs.Write(logGroup, a.Settings.ID, line) }
}
