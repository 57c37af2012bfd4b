package dlq

import (
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Filter selects messages of the DLQ. An empty list and a nil age select all messages.
type Filter struct {
	IDs                  []string // ids of events or messages
	Codes, Types         []string
	Statuses             []string
	OlderThan, NewerThan *time.Duration
}

// Empty reports whether the filter selects all messages.
func (f Filter) Empty() bool {
	return len(f.IDs)+len(f.Codes)+len(f.Types)+len(f.Statuses) == 0 &&
		f.OlderThan == nil && f.NewerThan == nil
}

// Match reports whether the filter selects the message.
func (f Filter) Match(m Message, now time.Time) bool {
	age := now.Sub(m.FailureTime())
	return contains(f.IDs, m.EventID, m.MessageID) &&
		contains(f.Codes, m.Code()) &&
		contains(f.Types, m.EventType) &&
		contains(f.Statuses, string(m.Status)) &&
		(f.OlderThan == nil || age > *f.OlderThan) &&
		(f.NewerThan == nil || age < *f.NewerThan)
}

// contains reports whether the list is empty or contains one of the values.
func contains(list []string, values ...string) bool {
	return len(list) == 0 || slices.ContainsFunc(values, func(value string) bool {
		return slices.Contains(list, value)
	})
}

// Codes lists the codes that the platform gives to failures. Processors add their own codes.
var Codes = []pipeline.Code{
	pipeline.Internal, pipeline.InvalidMessage, pipeline.InvalidOutput, noCode,
	pipeline.NotFinished, pipeline.PayloadMismatch, pipeline.PayloadMissing,
	pipeline.PayloadTooLarge, pipeline.ProcessorError, pipeline.Unavailable,
	pipeline.UnprocessableJSON, pipeline.UnprocessableNumber, pipeline.WorkerCrashed,
}

// IsCode reports whether a message of the DLQ can have the code. It detects misspelled codes in a
// filter.
func IsCode(code string) bool {
	return slices.Contains(Codes, pipeline.Code(code)) || pipeline.Permanent(pipeline.Code(code))
}
