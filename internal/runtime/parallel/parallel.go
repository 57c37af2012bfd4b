// Package parallel runs a function for many items, with a limited number of goroutines.
package parallel

import (
	"sync"
	"sync/atomic"
)

// ForEach calls fn with each index below count. At most limit calls run at the same time. ForEach
// returns when all calls have returned.
func ForEach(limit, count int, fn func(i int)) {
	var running sync.WaitGroup
	workers := min(limit, count)
	var next atomic.Int64
	next.Store(int64(workers))
	for first := range workers {
		running.Go(func() {
			for i := first; i < count; i = int(next.Add(1)) - 1 {
				fn(i)
			}
		})
	}
	running.Wait()
}
