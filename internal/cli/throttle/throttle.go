// Package throttle limits the rate at which commands send events.
package throttle

import (
	"context"
	"time"
)

// New returns a function that waits until n more events may be sent. rate is the maximum
// number of events per second; 0 means no limit.
func New(rate float64) func(ctx context.Context, n int) error {
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
				next = now // the time without events must not allow a burst
			}
			next = next.Add(TimeFor(n, rate))
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TimeFor returns the time that n events take at a rate in events per second. The result is at most
// 146 years, half of the longest Duration.
func TimeFor(n int, rate float64) time.Duration {
	const longest = 1 << 62
	return time.Duration(min(float64(n)/rate*float64(time.Second), longest))
}

// unlimitedChunk is the size of a chunk if the rate is not limited. Large chunks are faster,
// because the caller waits for all requests of a chunk before the next one.
const unlimitedChunk = 1000

// ChunkSize returns how many events a command sends at once: as many as the rate allows in 100 ms,
// but at least 1 and at most 100. If rate is 0, it returns unlimitedChunk.
func ChunkSize(rate float64) int {
	if rate == 0 {
		return unlimitedChunk
	}
	return int(min(max(rate/10, 1), 100))
}
