package pipeline

import "sync"

// maxConcurrent limits how many events run the same step at once. Each event holds its payload, up
// to 6 MiB, in memory.
const maxConcurrent = 32

// forEach calls fn for each item and its index, with up to maxConcurrent calls at once. It returns
// when all calls have returned.
func forEach[T any](items []T, fn func(i int, item T)) { forEachLimited(maxConcurrent, items, fn) }

// forEachLimited does the same as forEach, with up to limit calls at once.
func forEachLimited[T any](limit int, items []T, fn func(i int, item T)) {
	var running sync.WaitGroup
	slots := make(chan struct{}, limit)
	for i, item := range items {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			fn(i, item)
		})
	}
	running.Wait()
}
