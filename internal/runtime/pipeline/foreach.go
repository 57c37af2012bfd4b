package pipeline

import "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/parallel"

// maxConcurrent limits how many events run the same step at once. Each event holds its payload, up
// to 6 MiB, in memory.
const maxConcurrent = 32

// forEach calls fn for each item and its index, with up to maxConcurrent calls at once. It returns
// when all calls have returned.
func forEach[T any](items []T, fn func(i int, item T)) { forEachLimited(maxConcurrent, items, fn) }

// forEachLimited does the same as forEach, with up to limit calls at once.
func forEachLimited[T any](limit int, items []T, fn func(i int, item T)) {
	parallel.ForEach(limit, len(items), func(i int) { fn(i, items[i]) })
}
