package main

import (
	"context"
	"time"
)

// newThrottle returns a function that waits until n more events may be sent at a rate per second.
// A rate of 0 is no limit.
func newThrottle(rate float64) func(ctx context.Context, n int) error {
	if rate == 0 {
		return func(ctx context.Context, _ int) error { return ctx.Err() }
	}
	next := time.Now()
	return func(ctx context.Context, n int) error {
		wait := time.NewTimer(time.Until(next))
		defer wait.Stop()
		select {
		case now := <-wait.C:
			if now.After(next) {
				next = now // no burst makes up for unused time
			}
			next = next.Add(time.Duration(float64(n) / rate * float64(time.Second)))
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// chunkSize returns how many events to send at once: those of 100 ms, from 1 to 100.
func chunkSize(rate float64) int {
	if rate == 0 {
		return 100
	}
	return int(min(max(rate/10, 1), 100))
}
