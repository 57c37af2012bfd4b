package console

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// maxSample is the maximum number of items that sampleLatencies reads for each event type and hour.
const maxSample = 100

// latencies holds percentiles of the time from receipt to PROCESSED.
type latencies struct {
	p50, p99 time.Duration // -1 if no event was processed
	note     string
}

// sampleLatencies returns percentiles of the latency of events that a deployed pipeline received in
// the last 15 minutes. It reads items of the events table, because CloudWatch has no metric of the
// latency.
func (v *view) sampleLatencies(ctx context.Context) latencies {
	pending := latencies{p50: -1, p99: -1, note: "reading a sample of events …"}
	return cachedSoon(&v.cache, "latencies", time.Minute, pending, func() latencies {
		l := latencies{p50: -1, p99: -1, note: "no event in the last 15 minutes"}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		since := v.server.o.Now().Add(-period)
		types, err := v.bronzeTypes(ctx)
		if err != nil {
			l.note = "Bronze can't be read"
			return l
		}
		items, err := events.ReceivedSince(ctx, v.Pipeline, types, since, maxSample)
		if err != nil {
			l.note = "the events table can't be read"
			return l
		}
		var took []time.Duration
		for _, item := range items {
			if item.Status == pipeline.Processed && item.Replay == (pipeline.Replay{}) {
				took = append(took, item.ProcessedAt.Sub(item.ReceivedAt))
			}
		}
		if len(took) > 0 {
			l.p50, l.p99 = percentiles(took)
			l.note = fmt.Sprintf("a sample of %s from 15 minutes", quantity(len(took), "event"))
		}
		return l
	})
}

// percentiles returns p50 and p99 of the durations. The list must not be empty.
func percentiles(took []time.Duration) (p50, p99 time.Duration) {
	slices.Sort(took)
	at := func(percent int) time.Duration { return took[(len(took)-1)*percent/100] }
	return at(50), at(99)
}
