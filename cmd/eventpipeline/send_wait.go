package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
)

const (
	maxWait   = 5 * time.Minute
	pollEvery = 500 * time.Millisecond
)

// processedEvents collects the states of finished events.
type processedEvents struct {
	mu         sync.Mutex
	counts     map[string]int          // by status
	histogram  *hdrhistogram.Histogram // time from acceptance until PROCESSED, in microseconds
	begin, end time.Time               // first acceptance and last end, by the platform's clock
}

// waitUntilProcessed waits until the accepted events are processed, and prints how long it took. It
// adds an error to err if an event failed, or is not processed after maxWait.
func (r *sendResults) waitUntilProcessed(
	cmd *cobra.Command, c *client.Client, f *sendFlags, err error,
) (*processing, error) {
	ctx, cancel := context.WithTimeout(cmd.Context(), maxWait)
	defer cancel()
	finished := processedEvents{
		counts: make(map[string]int), histogram: newHistogram(2 * maxWait),
	}
	bar := tty.NewBar(cmd.ErrOrStderr(), len(r.accepted), "processing")
	waiting, ctx := errgroup.WithContext(ctx)
	waiting.SetLimit(f.concurrency)
	for _, id := range r.accepted {
		waiting.Go(func() error {
			status, err := finalStatus(ctx, c, id)
			if err != nil {
				return fmt.Errorf("event %s: %w", id, f.api.explain(err))
			}
			finished.add(status)
			_ = bar.Add(1)
			return nil
		})
	}
	waitErr := waiting.Wait()
	_ = bar.Finish()
	if errors.Is(waitErr, context.DeadlineExceeded) {
		waitErr = fmt.Errorf("events are not processed after %s", maxWait)
	}
	p := finished.summarize()
	if p.Failed > 0 {
		waitErr = errors.Join(waitErr, fmt.Errorf("%s failed", formatCount(p.Failed, "event")))
	}
	if !f.asJSON {
		waitErr = errors.Join(waitErr, p.print(cmd.OutOrStdout()))
	}
	return p, errors.Join(err, waitErr)
}

// finalStatus polls the status of an event until the event is PROCESSED or FAILED.
func finalStatus(ctx context.Context, c *client.Client, id string) (client.EventStatus, error) {
	for {
		status, err := c.Status(ctx, id)
		if ctx.Err() != nil {
			return status, ctx.Err()
		}
		if err != nil || status.Status == client.Processed || status.Status == client.Failed {
			return status, err
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return status, ctx.Err()
		}
	}
}

func (p *processedEvents) add(s client.EventStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[s.Status]++
	if p.begin.IsZero() || s.ReceivedAt.Before(p.begin) {
		p.begin = s.ReceivedAt
	}
	end := s.FailedAt
	if s.Status == client.Processed {
		end = s.ProcessedAt
		record(p.histogram, s.ProcessedAt.Sub(s.ReceivedAt), 1)
	}
	if end.After(p.end) {
		p.end = end
	}
}

func (p *processedEvents) summarize() *processing {
	seconds := p.end.Sub(p.begin).Seconds()
	rate := 0.0
	if seconds > 0 {
		rate = float64(p.counts[client.Processed]) / seconds
	}
	return &processing{
		Processed: p.counts[client.Processed], Failed: p.counts[client.Failed],
		Seconds: seconds, EventsPerSecond: rate, Latency: newPercentiles(p.histogram),
	}
}
