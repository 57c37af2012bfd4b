package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/client"
)

// sender sends events and reports on each.
type sender struct {
	client *client.Client
	out    io.Writer
	asJSON bool
	bar    *progressbar.ProgressBar
	// apiFlags are the flags with which another command finds the same API, with a space behind each.
	apiFlags string

	mu     sync.Mutex
	counts map[string]int // by status
	first  error          // the first event that was not accepted, for the summary
	lastID string         // of the last accepted, for the hint
}

// report is what --json prints of each event.
type report struct {
	Number  int             `json:"number"` // counted from 1 in the order of the input
	Status  string          `json:"status"` // accepted, refused, or unknown: the platform may have taken it
	EventID string          `json:"eventId,omitempty"`
	Problem *client.Problem `json:"problem,omitempty"`
}

// sendAll sends what source yields. A request that gets no answer at all ends it.
func (s *sender) sendAll(ctx context.Context, source func(func([]byte) bool) error, concurrency int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	type event struct {
		number int
		body   []byte
	}
	events := make(chan event)
	var senders sync.WaitGroup
	for range concurrency {
		senders.Go(func() {
			for e := range events {
				if err := s.send(ctx, e.number, e.body); err != nil {
					stop(err)
				}
			}
		})
	}
	number := 0
	err := source(func(body []byte) bool {
		number++
		select {
		case events <- event{number, body}:
			return true
		case <-ctx.Done():
			return false
		}
	})
	close(events)
	senders.Wait()
	return errors.Join(err, context.Cause(ctx))
}

// throttleRetries bounds how often a throttled request is sent again; with doubling waits that is about 25 seconds.
const throttleRetries = 8

func (s *sender) send(ctx context.Context, number int, body []byte) error {
	id, err := s.client.Send(ctx, body)
	for retry := range throttleRetries {
		if !throttled(err) {
			break
		}
		select {
		case <-time.After(100 * time.Millisecond << retry):
		case <-ctx.Done():
			return context.Cause(ctx)
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

func throttled(err error) bool {
	var problem *client.Problem
	return errors.As(err, &problem) && problem.HTTPStatus == http.StatusTooManyRequests
}

// report counts and prints what became of an event. A request without an answer, or with a 5xx, leaves that open.
func (s *sender) report(number int, id string, problem *client.Problem, answered bool) error {
	r := report{Number: number, Status: "accepted", EventID: id, Problem: problem}
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
		s.lastID = id
	}
	if problem != nil && s.first == nil {
		s.first = fmt.Errorf("event %d: %w", number, problem)
	}
	_ = s.bar.Add(1) // a bar that can't be drawn must not stop the sending
	if s.asJSON {
		return json.NewEncoder(s.out).Encode(r)
	}
	return nil
}

// finish prints the summary; its error is nil only if every event was accepted.
func (s *sender) finish(progress io.Writer, took time.Duration, err error) error {
	_ = s.bar.Finish()
	summary := s.out
	if s.asJSON {
		summary = progress
	}
	accepted := s.counts["accepted"]
	fmt.Fprintf(summary, "%d accepted, %d refused", accepted, s.counts["refused"])
	if n := s.counts["unknown"]; n > 0 {
		fmt.Fprintf(summary, ", %d unknown: the platform may have taken them", n)
	}
	fmt.Fprintf(summary, " in %s (%.0f events/s)\n", took.Round(time.Millisecond), float64(accepted)/took.Seconds())
	if s.lastID != "" && !s.asJSON {
		fmt.Fprintf(summary, "See the last one with: %s status %s%s\n", commandName, s.apiFlags, s.lastID)
	}
	return errors.Join(err, s.first)
}
