package emulator

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"

// sandboxOf returns the function's process that signs with an access key.
func (s *services) sandboxOf(accessKey string) (faults.Caller, bool) {
	function, kill, ok := s.Lambda.FindSandbox(accessKey)
	return faults.Caller{Function: function, Kill: kill}, ok
}
