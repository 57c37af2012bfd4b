package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/client"
)

// sender sends events and reports the result of each.
type sender struct {
	client   *client.Client
	out      io.Writer
	asJSON   bool
	bar      *progressbar.ProgressBar
	apiFlags string // flags that make a suggested command call the same API

	mu          sync.Mutex
	counts      map[string]int // by status
	firstErr    error          // the error of the first rejected event
	lastEventID string
}

// sendReport defines what --json prints for each event.
type sendReport struct {
	Number int `json:"number"` // position in the input, from 1
	// Status is accepted, refused, or unknown. Unknown means that the platform may have accepted
	// the event.
	Status  string          `json:"status"`
	EventID string          `json:"eventId,omitempty"`
	Problem *client.Problem `json:"problem,omitempty"`
}

// sendAll sends the events of source. It stops after the first request that gets no answer.
func (s *sender) sendAll(ctx context.Context, source eventSource, concurrency int) error {
	senders, sending := errgroup.WithContext(ctx)
	senders.SetLimit(concurrency)
	next := 0
	err := source(func(body []byte) bool {
		next++
		number := next
		senders.Go(func() error { return s.send(sending, number, body) })
		return sending.Err() == nil
	})
	return errors.Join(err, cmp.Or(senders.Wait(), ctx.Err()))
}

// throttleRetries limits how often a throttled request is sent again. The first wait takes 100 ms
// and each next wait twice as long; all waits together take 25 s.
const throttleRetries = 8

func (s *sender) send(ctx context.Context, number int, body []byte) error {
	id, err := s.client.Send(ctx, body)
	for retry := range throttleRetries {
		if !isThrottled(err) {
			break
		}
		select {
		case <-time.After(100 * time.Millisecond << retry):
		case <-ctx.Done():
			return ctx.Err()
		}
		id, err = s.client.Send(ctx, body)
	}
	var problem *client.Problem
	answered := err == nil || errors.As(err, &problem)
	if reportErr := s.report(number, id, problem, answered); reportErr != nil || !answered {
		return errors.Join(err, reportErr)
	}
	return nil
}

func isThrottled(err error) bool {
	var problem *client.Problem
	return errors.As(err, &problem) && problem.HTTPStatus == http.StatusTooManyRequests
}

// report counts the result of an event, and prints it with --json.
func (s *sender) report(number int, id string, problem *client.Problem, answered bool) error {
	r := sendReport{Number: number, Status: "accepted", EventID: id, Problem: problem}
	switch {
	case !answered || problem != nil && problem.HTTPStatus >= http.StatusInternalServerError:
		r.Status = "unknown"
	case problem != nil:
		r.Status = "refused"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[r.Status]++
	if id != "" {
		s.lastEventID = id
	}
	if problem != nil && s.firstErr == nil {
		s.firstErr = fmt.Errorf("event %d: %w", number, problem)
	}
	_ = s.bar.Add(1) // sending continues even if the bar can't be drawn
	if s.asJSON {
		return printJSON(s.out, r)
	}
	return nil
}

// summarize prints the counts. It returns nil only if every event was accepted.
func (s *sender) summarize(progress io.Writer, took time.Duration, err error) error {
	_ = s.bar.Finish()
	summary := s.out
	if s.asJSON {
		summary = progress
	}
	accepted := s.counts["accepted"]
	fmt.Fprintf(summary, "%d accepted, %d refused", accepted, s.counts["refused"])
	if n := s.counts["unknown"]; n > 0 {
		fmt.Fprintf(summary, ", %d unknown (perhaps accepted)", n)
	}
	fmt.Fprintf(summary, " in %s (%.0f events/s)\n",
		took.Round(time.Millisecond), float64(accepted)/took.Seconds())
	if s.lastEventID != "" && !s.asJSON {
		fmt.Fprintf(summary, "See the last event with: %s\n",
			suggestCommand("status", s.apiFlags, s.lastEventID))
	}
	return errors.Join(err, s.firstErr)
}
