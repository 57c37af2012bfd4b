package console

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestCachedSoon_DoesNotWaitForSlowCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache
		calls, took := 0, 3*patience
		get := func() int {
			return cachedSoon(&c, "key", time.Minute, -1, func() int {
				calls++
				result := calls
				time.Sleep(took)
				return result
			})
		}
		begin := time.Now()
		want := func(wanted int) {
			t.Helper()
			if got := get(); got != wanted {
				t.Errorf("after %v: got %d, want %d", time.Since(begin), got, wanted)
			}
		}
		want(-1)
		want(-1) // the call has already taken the time patience
		if waited := time.Since(begin); waited != patience {
			t.Errorf("two pages waited for %v", waited)
		}
		time.Sleep(took)
		want(1)
		time.Sleep(time.Minute)
		want(1) // the old result while the second call runs
		time.Sleep(took)
		want(2)
		if late := c.late.Load(); late != 2 {
			t.Errorf("%d late results", late)
		}
		took = 0
		time.Sleep(time.Minute)
		want(3)
		if late := c.late.Load(); late != 2 {
			t.Errorf("%d late results after a fast call", late)
		}
	})
}
