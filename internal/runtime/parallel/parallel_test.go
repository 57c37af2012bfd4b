package parallel

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestForEach_CallsFnOncePerIndexAndRespectsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct{ limit, count, want int }{
			{3, 10, 3}, {10, 3, 3}, {1, 4, 1}, {4, 0, 0},
		} {
			var mu sync.Mutex
			calls := map[int]int{}
			var running, most atomic.Int64
			ForEach(c.limit, c.count, func(i int) {
				now := running.Add(1)
				mu.Lock()
				most.Store(max(most.Load(), now))
				calls[i]++
				mu.Unlock()
				time.Sleep(time.Duration(i+1) * time.Second) // in synctest's fake time
				running.Add(-1)
			})
			if int(most.Load()) != c.want || len(calls) != c.count || running.Load() != 0 {
				t.Errorf("%+v: up to %d calls at once, calls %v", c, most.Load(), calls)
			}
			for i, n := range calls {
				if n != 1 {
					t.Errorf("%+v: %d calls with index %d", c, n, i)
				}
			}
		}
	})
}
