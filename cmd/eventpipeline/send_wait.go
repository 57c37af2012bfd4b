package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const (
	maxWait   = 5 * time.Minute
	pollEvery = 500 * time.Millisecond
)

// waitUntilProcessed waits until the accepted events are processed. It returns an error if an event
// failed, or is not processed after maxWait.
func (s *sender) waitUntilProcessed(cmd *cobra.Command, concurrency int) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), maxWait)
	defer cancel()
	var mu sync.Mutex
	counts := make(map[pipeline.Status]int)
	waiting, ctx := errgroup.WithContext(ctx)
	waiting.SetLimit(concurrency)
	for _, id := range s.accepted {
		waiting.Go(func() error {
			status, err := s.finalStatus(ctx, id)
			mu.Lock()
			defer mu.Unlock()
			counts[status]++
			return err
		})
	}
	err := waiting.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("events are not processed after %s", maxWait)
	}
	processed, failed := counts[pipeline.Processed], counts[pipeline.Failed]
	fmt.Fprintf(cmd.ErrOrStderr(), "%d processed, %d failed\n", processed, failed)
	if failed > 0 {
		err = errors.Join(err, fmt.Errorf("%s failed", formatCount(failed, "event")))
	}
	return err
}

// finalStatus polls the status of an event until the event is PROCESSED or FAILED.
func (s *sender) finalStatus(ctx context.Context, id string) (pipeline.Status, error) {
	for {
		status, err := s.client.Status(ctx, id)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err != nil && !isThrottled(err):
			return "", fmt.Errorf("event %s: %w", id, s.explain(err))
		case status.Status == pipeline.Processed || status.Status == pipeline.Failed:
			return status.Status, nil
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}
