package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

const (
	maxWait   = 5 * time.Minute // without a finished event
	pollEvery = 500 * time.Millisecond
)

// errStalled ends the wait if no event was PROCESSED or FAILED for maxWait.
var errStalled = fmt.Errorf("no event was finished for %s", maxWait)

// waiter waits until events are finished, and collects their states.
type waiter struct {
	client *client.Client
	bar    *progressbar.ProgressBar
	stall  *time.Timer // ends the wait

	mu         sync.Mutex
	counts     map[string]int          // number of events by status
	histogram  *hdrhistogram.Histogram // time from acceptance until PROCESSED, in microseconds
	begin, end time.Time               // first acceptance and last result, by the platform's clock
	failure    string                  // names an event that failed and the reason
}

// waitUntilProcessed waits until each accepted event is PROCESSED or FAILED. Without --json, it
// prints a summary. It adds an error to err if an event failed, or if no event was finished for
// maxWait.
func (r *sendResults) waitUntilProcessed(
	cmd *cobra.Command, c *client.Client, f *sendFlags, err error,
) (*processing, error) {
	wait, cancel := context.WithCancelCause(cmd.Context())
	defer cancel(nil)
	w := waiter{
		client: c, bar: tty.NewBar(cmd.ErrOrStderr(), len(r.accepted), "processing"),
		stall:  time.AfterFunc(maxWait, func() { cancel(errStalled) }),
		counts: make(map[string]int), histogram: newHistogram(2 * maxWait),
	}
	defer w.stall.Stop()
	waiting, ctx := errgroup.WithContext(wait)
	waiting.SetLimit(f.concurrency)
	for _, id := range collapseBatches(r.accepted) {
		waiting.Go(func() error {
			_, err := w.wait(ctx, id)
			return f.api.explain(err)
		})
	}
	waitErr := waiting.Wait()
	_ = w.bar.Finish()
	p := w.summarize()
	unknown := formatCount(len(r.accepted)-p.Processed-p.Failed, "event")
	switch {
	case context.Cause(wait) == errStalled:
		waitErr = fmt.Errorf("%s not processed: %w", unknown, errStalled)
	case cmd.Context().Err() != nil:
		fmt.Fprintf(cmd.ErrOrStderr(), "Stopped; %s may still be processed.\n", unknown)
	}
	if p.Failed > 0 {
		waitErr = errors.Join(waitErr, w.failureError(p.Failed))
	}
	if !f.asJSON && p.Processed+p.Failed > 0 {
		waitErr = errors.Join(waitErr, p.print(cmd.OutOrStdout()))
	}
	return p, errors.Join(err, waitErr)
}

// failureError returns an error with the number of failed events. If the API returned reasons, the
// error contains one event's id and reason.
func (w *waiter) failureError(count int) error {
	text := formatCount(count, "event") + " failed"
	switch {
	case w.failure == "":
		return errors.New(text)
	case count == 1:
		return fmt.Errorf("%s: %s", text, w.failure)
	}
	return fmt.Errorf("%s, for example %s", text, w.failure)
}

// collapseBatches replaces all ids <batchId>.<index> of a batch by one <batchId>.
func collapseBatches(ids []string) []string {
	var found []string
	seen := make(map[string]bool)
	for _, id := range ids {
		batchID, _, isPart := strings.Cut(id, ".")
		if !isPart || !seen[batchID] {
			found = append(found, batchID)
			seen[batchID] = true
		}
	}
	return found
}

// wait waits until an event is PROCESSED or FAILED. If id names several events of a batch, it waits
// for each of these events. It returns the number of events.
func (w *waiter) wait(ctx context.Context, id string) (int, error) {
	status, err := w.poll(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("event %s: %w", id, err)
	}
	events := max(status.Count, 1)
	own := events
	for _, part := range status.SplitOff {
		n, err := w.wait(ctx, part)
		if err != nil {
			return 0, err
		}
		own -= n
	}
	w.add(status, own)
	return events, nil
}

// poll waits until an event or a batch is PROCESSED or FAILED, and returns the status.
func (w *waiter) poll(ctx context.Context, id string) (client.EventStatus, error) {
	for {
		status, err := w.client.Status(ctx, id)
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

// add adds finished events with the status s to the totals.
func (w *waiter) add(s client.EventStatus, events int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.bar.Add(events)
	w.stall.Reset(maxWait)
	w.counts[s.Status] += events
	if w.begin.IsZero() || s.ReceivedAt.Before(w.begin) {
		w.begin = s.ReceivedAt
	}
	if s.Status == client.Failed && s.Failure != nil {
		w.failure = fmt.Sprintf("%s: %s: %s", s.EventID, s.Failure.Code,
			terminal.Escape(s.Failure.Reason))
	}
	end := s.FailedAt
	if s.Status == client.Processed {
		end = s.ProcessedAt
		record(w.histogram, s.ProcessedAt.Sub(s.ReceivedAt), events)
	}
	if end.After(w.end) {
		w.end = end
	}
}

func (w *waiter) summarize() *processing {
	seconds := w.end.Sub(w.begin).Seconds()
	rate := 0.0
	if seconds > 0 {
		rate = float64(w.counts[client.Processed]) / seconds
	}
	return &processing{
		Processed: w.counts[client.Processed], Failed: w.counts[client.Failed],
		Seconds: seconds, EventsPerSecond: rate, Latency: newPercentiles(w.histogram),
	}
}
