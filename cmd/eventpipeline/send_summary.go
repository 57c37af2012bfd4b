package main

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

// sendSummary defines the summary that --json prints.
type sendSummary struct {
	Accepted        int         `json:"accepted"`
	Rejected        int         `json:"refused"`
	Unsent          int         `json:"unsent"`
	Unknown         int         `json:"unknown"`
	Seconds         float64     `json:"seconds"`
	EventsPerSecond float64     `json:"eventsPerSecond"` // accepted events
	Requests        int64       `json:"requests"`        // accepted requests
	Latency         percentiles `json:"latencyMs"`       // of accepted requests
	Processing      *processing `json:"processing,omitempty"`
}

// processing defines the part of the summary that only --wait adds.
type processing struct {
	Processed int `json:"processed"`
	Failed    int `json:"failed"`
	// Seconds is the time from the first acceptance until the last event was processed.
	Seconds         float64 `json:"seconds"`
	EventsPerSecond float64 `json:"eventsPerSecond"` // processed events
	// Latency holds percentiles of the time from an event's acceptance until the event was
	// processed.
	Latency percentiles `json:"latencyMs"`
}

func (r *sendResults) summarize(took time.Duration, l *latencies) sendSummary {
	_ = r.bar.Finish()
	l.mu.Lock()
	defer l.mu.Unlock()
	accepted := r.counts["accepted"]
	return sendSummary{
		Accepted: accepted, Rejected: r.counts["refused"], Unsent: r.counts["unsent"],
		Unknown: r.counts["unknown"], Seconds: took.Seconds(),
		EventsPerSecond: float64(accepted) / took.Seconds(),
		Requests:        l.histogram.TotalCount(), Latency: newPercentiles(l.histogram),
	}
}

// print prints the summary. If lastEventID is not "", it also prints a command that shows this
// event.
func (s sendSummary) print(w io.Writer, lastEventID, apiFlags string) error {
	text := fmt.Sprintf("%d accepted, %d refused", s.Accepted, s.Rejected)
	if s.Unsent > 0 {
		text += fmt.Sprintf(", %d not sent", s.Unsent)
	}
	if s.Unknown > 0 {
		text += fmt.Sprintf(", %d unknown (perhaps accepted)", s.Unknown)
	}
	text += fmt.Sprintf(" in %s (%.0f events/s)\n", formatSeconds(s.Seconds), s.EventsPerSecond)
	if s.Requests > 1 {
		text += fmt.Sprintf("%d requests, latency: %s\n", s.Requests, s.Latency)
	}
	if lastEventID != "" {
		text += fmt.Sprintf("See the last event with: %s\n",
			suggestCommand("status", apiFlags, lastEventID))
	}
	_, err := io.WriteString(w, text)
	return err
}

func (p processing) print(w io.Writer) error {
	text := fmt.Sprintf("%d processed, %d failed in %s (%.0f events/s)\n",
		p.Processed, p.Failed, formatSeconds(p.Seconds), p.EventsPerSecond)
	if p.Processed > 0 {
		text += fmt.Sprintf("Time until PROCESSED: %s\n", p.Latency)
	}
	_, err := io.WriteString(w, text)
	return err
}

func formatSeconds(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
}

func (p percentiles) String() string {
	return fmt.Sprintf("p50 %s ms, p90 %s ms, p99 %s ms, max %s ms",
		formatMs(p.P50), formatMs(p.P90), formatMs(p.P99), formatMs(p.Max))
}

// formatMs formats a number with about three significant digits.
func formatMs(ms float64) string {
	decimals := 0
	switch {
	case ms < 10:
		decimals = 2
	case ms < 100:
		decimals = 1
	}
	return strconv.FormatFloat(ms, 'f', decimals, 64)
}
