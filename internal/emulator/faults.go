package emulator

import (
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// FaultsError reports that Options.Faults names an operation or a function that does not exist.
type FaultsError struct{ err error }

func (e *FaultsError) Error() string { return e.err.Error() }
func (e *FaultsError) Unwrap() error { return e.err }

// checkFaults rejects faults that can't occur. A test of failures would otherwise pass without them.
func (s *services) checkFaults(c faults.Config, functions []string) error {
	operations := map[string][]string{"s3": protocol.S3Operations()}
	for _, service := range s.json {
		operations[service.name] = service.handler.Operations()
	}
	if err := c.CheckNames(operations, functions); err != nil {
		return &FaultsError{fmt.Errorf("the faults: %w", err)}
	}
	return nil
}

// sandboxOf returns the function's process that signs with an access key.
func (s *services) sandboxOf(accessKey string) (faults.Caller, bool) {
	function, kill, ok := s.Lambda.FindSandbox(accessKey)
	return faults.Caller{Function: function, Kill: kill}, ok
}
