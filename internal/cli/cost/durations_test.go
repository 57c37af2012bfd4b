package cost

import (
	"math"
	"testing"
)

// With the memory for half a core, a function computes for 10 ms of each 20 ms.
func TestComputingTime_PausesAtTheQuota(t *testing.T) {
	half, whole := Function{MemoryMB: 1769.0 / 2}, Function{MemoryMB: 3000}
	for _, test := range []struct {
		f             Function
		seconds, want float64
	}{
		{half, 0.004, 0.004}, {half, 0.0099, 0.0099}, {half, 0.015, 0.025}, {half, 1.005, 2.005},
		{whole, 1, 1},
	} {
		if got := test.f.computingTime(test.seconds); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%v s with %v MB: %v s, want %v s",
				test.seconds, test.f.MemoryMB, got, test.want)
		}
	}
}

func TestMessagesPerInvocation_GrowsWithTheRate(t *testing.T) {
	p, d := goldenPipeline(t, "prod"), Durations{Worker: 0.1}
	window := p
	window.Source.BatchSize, window.Source.Window = 100, 2
	for _, test := range []struct {
		p              Pipeline
		requests, want float64
	}{
		{p, 0.1, 1}, {p, 100, 2}, {p, 10_000, 10}, {window, 0.1, 1}, {window, 20, 40},
		{window, 10_000, 100},
	} {
		got := test.p.messagesPerInvocation(workload(1), test.requests, d)
		if got != test.want {
			t.Errorf("%v requests/s, window %v s: %v messages, want %v",
				test.requests, test.p.Source.Window, got, test.want)
		}
	}
}
