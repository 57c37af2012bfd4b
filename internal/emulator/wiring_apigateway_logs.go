package emulator

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"

// accessLog returns a function that writes the access log of an HTTP API to the stage's log group.
// It returns nil if the stage has no access log. Each API has one log stream.
func (s *services) accessLog(a *resources.API) func(line []byte) {
	if a.LogGroup == "" {
		return nil
	}
	return func(line []byte) { s.Logs.Write(a.LogGroup, a.Settings.ID, line) }
}
