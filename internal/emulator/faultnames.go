package emulator

import (
	"fmt"
	"maps"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// FaultsError is a mistake in Options.Faults that shows only once it is known what there is.
type FaultsError struct{ err error }

func (e *FaultsError) Error() string { return e.err.Error() }
func (e *FaultsError) Unwrap() error { return e.err }

// checkFaults refuses faults that nothing could be hit by: a bad day that never comes looks like a good one.
func (p *provisioner) checkFaults() error {
	operations := map[string][]string{
		"s3":       protocol.S3Operations(),
		"dynamodb": p.services.dynamodb.Operations(),
		"sqs":      p.services.sqs.Operations(),
		"events":   p.services.events.Operations(),
	}
	if err := p.options.Faults.CheckNames(operations, slices.Sorted(maps.Keys(p.functions))); err != nil {
		return &FaultsError{fmt.Errorf("the faults: %w", err)}
	}
	return nil
}
