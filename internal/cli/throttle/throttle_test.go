package throttle

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestThrottle_KeepsToTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, wait := time.Now(), New(10)
		for range 5 {
			if err := wait(t.Context(), 20); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 8*time.Second {
			t.Errorf("the first 80 took %s", took)
		}
		time.Sleep(time.Hour) // the time without events must not allow a burst
		began = time.Now()
		for range 2 {
			if err := wait(t.Context(), 20); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("20 after a pause took %s", took)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := wait(ctx, 20); err == nil || time.Since(began) != 3*time.Second {
			t.Errorf("stopped after %s: %v", time.Since(began), err)
		}
	})
}

// At the smallest rates, the time between two events is longer than the longest Duration.
func TestThrottle_AcceptsTheSmallestRates(t *testing.T) {
	for _, rate := range []float64{1e-10, 1e-300} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			wait := New(rate)
			if err := wait(ctx, 1); err != nil {
				t.Fatal(err)
			}
			if err := wait(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("rate %g: the second event was sent within an hour: %v", rate, err)
			}
		})
	}
}
