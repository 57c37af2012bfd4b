package main

import (
	"net/http"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// latencies sends requests and records how long the API takes to accept events.
type latencies struct {
	transport *http.Transport

	mu        sync.Mutex
	histogram *hdrhistogram.Histogram // microseconds
}

func newLatencies(concurrency int) *latencies {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = concurrency, concurrency
	return &latencies{transport: transport, histogram: newHistogram(time.Minute)}
}

// newHistogram returns a histogram of durations in microseconds, with three significant figures.
func newHistogram(longest time.Duration) *hdrhistogram.Histogram {
	return hdrhistogram.New(1, longest.Microseconds(), 3)
}

// record adds a duration n times. A duration above the histogram's maximum is recorded as this
// maximum.
func record(h *hdrhistogram.Histogram, d time.Duration, n int) {
	value := min(max(d.Microseconds(), 0), h.HighestTrackableValue())
	_ = h.RecordValues(value, int64(n)) // fails only if value is out of range
}

func (l *latencies) RoundTrip(request *http.Request) (*http.Response, error) {
	start := time.Now()
	response, err := l.transport.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusAccepted {
		took := time.Since(start)
		l.mu.Lock()
		defer l.mu.Unlock()
		record(l.histogram, took, 1)
	}
	return response, err
}

// percentiles holds durations in milliseconds.
type percentiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func newPercentiles(h *hdrhistogram.Histogram) percentiles {
	ms := func(microseconds int64) float64 { return float64(microseconds) / 1000 }
	return percentiles{
		P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)),
		P99: ms(h.ValueAtQuantile(99)), Max: ms(h.Max()),
	}
}
