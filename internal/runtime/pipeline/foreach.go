package pipeline

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/parallel"

// maxConcurrent is the maximum number of events that a step handles at the same time. Each event
// holds its payload, up to 6 MiB, in memory.
const maxConcurrent = 32

// forEach calls fn for each item and its index, with at most maxConcurrent calls at the same time.
// It returns when all calls have returned.
func forEach[T any](items []T, fn func(i int, item T)) { forEachLimited(maxConcurrent, items, fn) }

// forEachLimited is forEach with another limit of concurrent calls.
func forEachLimited[T any](limit int, items []T, fn func(i int, item T)) {
	parallel.ForEach(limit, len(items), func(i int) { fn(i, items[i]) })
}
