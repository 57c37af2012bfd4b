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
	apiFlags string            // flags that make a suggested command call the same API
	explain  func(error) error // adds advice to the error of a request

	mu          sync.Mutex
	counts      map[string]int // by status
	firstErr    error          // the error of the first rejected event
	lastEventID string
	accepted    []string // ids of events
}

// sendReport defines what --json prints for each event.
type sendReport struct {
	Number int `json:"number"` // position in the input, from 1
	// Status is accepted, refused, unsent, or unknown. Unknown means that the platform may have
	// accepted the event.
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
			return s.report(number, "", err)
		}
		id, err = s.client.Send(ctx, body)
	}
	reportErr := s.report(number, id, err)
	var problem *client.Problem
	if errors.As(err, &problem) { // summarize returns the first problem
		err = nil
	}
	if err != nil {
		err = s.explain(err)
	}
	return errors.Join(err, reportErr)
}

func isThrottled(err error) bool {
	var problem *client.Problem
	return errors.As(err, &problem) && problem.HTTPStatus == http.StatusTooManyRequests
}

// report counts the result of an event, and prints it with --json.
func (s *sender) report(number int, id string, err error) error {
	r := sendReport{Number: number, Status: "unknown", EventID: id}
	var unsent *client.NotSentError
	switch {
	case err == nil:
		r.Status = "accepted"
	case errors.As(err, &unsent):
		r.Status = "unsent"
	case errors.As(err, &r.Problem) && r.Problem.HTTPStatus < http.StatusInternalServerError:
		r.Status = "refused"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[r.Status]++
	if id != "" {
		s.lastEventID = id
		s.accepted = append(s.accepted, id)
	}
	if r.Problem != nil && s.firstErr == nil {
		s.firstErr = fmt.Errorf("event %d: %w", number, r.Problem)
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
	text := fmt.Sprintf("%d accepted, %d refused", accepted, s.counts["refused"])
	if n := s.counts["unsent"]; n > 0 {
		text += fmt.Sprintf(", %d not sent", n)
	}
	if n := s.counts["unknown"]; n > 0 {
		text += fmt.Sprintf(", %d unknown (perhaps accepted)", n)
	}
	text += fmt.Sprintf(" in %s (%.0f events/s)\n",
		took.Round(time.Millisecond), float64(accepted)/took.Seconds())
	if s.lastEventID != "" && !s.asJSON {
		text += fmt.Sprintf("See the last event with: %s\n",
			suggestCommand("status", s.apiFlags, s.lastEventID))
	}
	_, printErr := io.WriteString(summary, text)
	return errors.Join(err, s.firstErr, printErr)
}
