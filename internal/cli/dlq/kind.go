package dlq

import (
	"cmp"
	"maps"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Kind groups messages for counting.
type Kind struct {
	Code, EventType string
	Status          pipeline.Status
}

// Counts maps each kind to the number of messages of this kind.
type Counts map[Kind]int

// Add counts a message.
func (c Counts) Add(m Message) { c[Kind{m.Code(), m.EventType, m.Status}]++ }

// Total returns the number of messages.
func (c Counts) Total() (total int) {
	for _, n := range c {
		total += n
	}
	return total
}

// Kinds returns the counted kinds, the most frequent kind first.
func (c Counts) Kinds() []Kind {
	return slices.SortedFunc(maps.Keys(c), func(a, b Kind) int {
		return cmp.Or(c[b]-c[a], cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.EventType, b.EventType), cmp.Compare(a.Status, b.Status))
	})
}
