package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
)

// sendResults collects the results of events. If --json is set, it also prints them.
type sendResults struct {
	out     io.Writer
	asJSON  bool
	wait    bool
	bar     *progressbar.ProgressBar
	explain func(error) error // adds advice to the error of a request

	mu          sync.Mutex
	counts      map[string]int // number of events by status
	firstErr    error          // the error of the first rejected event
	lastEventID string
	accepted    []string // ids of events, with --wait
}

func newSendResults(cmd *cobra.Command, f *sendFlags, total int) *sendResults {
	return &sendResults{
		out: cmd.OutOrStdout(), asJSON: f.asJSON, wait: f.wait, explain: f.api.explain,
		bar: tty.NewBar(cmd.ErrOrStderr(), total, "sending"), counts: make(map[string]int),
	}
}

// sendReport defines what --json prints for each event.
type sendReport struct {
	Number int `json:"number"` // position in the input, from 1
	// Status is accepted, refused, unsent, or unknown. Unknown means that the API possibly accepted
	// the event: an attempt got no response or a 5xx.
	Status  string          `json:"status"`
	EventID string          `json:"eventId,omitempty"`
	Problem *client.Problem `json:"problem,omitempty"`
}

// add counts the result of an event. It calls stop if the API did not answer, or if the report
// can't be printed.
func (r *sendResults) add(number int, result client.Result, stop context.CancelCauseFunc) {
	report := sendReport{
		Number: number, Status: sendStatus(result.Err), EventID: result.EventID,
	}
	if errors.Is(result.Err, client.ErrNotObject) {
		report.Problem = &client.Problem{Detail: result.Err.Error()}
	}
	answered := result.Err == nil || report.Problem != nil || errors.As(result.Err, &report.Problem)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[report.Status]++
	if report.Status == "accepted" {
		r.lastEventID = result.EventID
		if r.wait {
			r.accepted = append(r.accepted, result.EventID)
		}
	}
	if report.Problem != nil && r.firstErr == nil {
		r.firstErr = fmt.Errorf("event %d: %w", number, r.explain(result.Err))
	}
	if !answered {
		stop(r.explain(result.Err)) // only the first call has an effect
	}
	_ = r.bar.Add(1) // sending continues even if the bar can't be drawn
	if r.asJSON {
		if err := printJSON(r.out, report); err != nil {
			stop(err)
		}
	}
}

func sendStatus(err error) string {
	var failure *client.SendError
	var problem *client.Problem
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &failure) && failure.MayBeAccepted:
		return "unknown"
	case errors.Is(err, client.ErrNotObject),
		errors.As(err, &problem) && problem.Status < http.StatusInternalServerError:
		return "refused"
	case failure != nil:
		return "unsent"
	}
	return "unknown"
}
