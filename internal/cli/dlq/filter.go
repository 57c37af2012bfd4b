package dlq

import (
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Filter selects messages of the DLQ. An empty list and a nil age select all messages.
type Filter struct {
	IDs                  []string // of events or messages
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

// IsCode reports whether a message of the DLQ can have the code. Without this check, a filter with
// a misspelled code would select no message and report success.
func IsCode(code string) bool {
	switch pipeline.Code(code) {
	case NoCode, pipeline.Unavailable, pipeline.Internal, pipeline.NotFinished,
		pipeline.ProcessorError:
		return true
	}
	return pipeline.Permanent(pipeline.Code(code))
}
