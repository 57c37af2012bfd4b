package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// eventPrinter prints a line when an event is finished or an attempt fails. It also prints all
// warnings, and all steps without an event, such as reloads.
type eventPrinter struct {
	out      io.Writer
	style    activity.Style
	accepted bool // also print a line when an event is accepted, because no worker runs
	// pipelines maps functions and DLQs to the names of their pipelines. It is empty if there is
	// only one pipeline.
	pipelines map[string]string

	known map[string]*knownEvent
	order []string // ids in the order of their first step
}

// knownEvent holds what the printer knows about an event.
type knownEvent struct {
	receivedAt time.Time // zero if the event was accepted before the platform started
	eventType  string
	status     pipeline.Status
	count      int // number of events, for a batch
}

// maxKnownEvents is the maximum number of events that the printer remembers.
const maxKnownEvents = 20_000

func newEventPrinter(out io.Writer, style activity.Style, accepted bool) *eventPrinter {
	return &eventPrinter{
		out: out, style: style, accepted: accepted, known: make(map[string]*knownEvent),
	}
}

func (p *eventPrinter) print(s activity.Step) error {
	if !pipeline.ValidID(s.EventID) { // a processor can log an id of its own as eventId
		if s.EventID != "" && s.Level < slog.LevelWarn {
			return nil
		}
		return activity.Print(p.out, s, p.style)
	}
	switch s.Name {
	case activity.Accepted:
		return p.printAccepted(s, p.find(s))
	case activity.Processed, activity.Filtered:
		return p.printEnd(s, p.find(s), pipeline.Processed)
	case activity.Failed:
		return p.printEnd(s, p.find(s), pipeline.Failed)
	case activity.DeadLettered:
		e := p.find(s)
		if e.status == pipeline.Failed {
			return nil // the worker moved the message and logged the failure before
		}
		return p.printEnd(s, e, pipeline.Failed)
	case activity.Retried:
		return p.printRetry(s, p.find(s))
	}
	if s.Level >= slog.LevelWarn {
		return activity.Print(p.out, s, p.style)
	}
	return nil
}

// find returns the step's event from p.known. If the event is unknown, find adds it.
func (p *eventPrinter) find(s activity.Step) *knownEvent {
	e := p.known[s.EventID]
	if e == nil {
		e = &knownEvent{eventType: s.EventType, status: pipeline.Enqueued}
		if batchID, _, isPart, _ := pipeline.ParseID(s.EventID); isPart && p.known[batchID] != nil {
			e.receivedAt = p.known[batchID].receivedAt
		}
		p.known[s.EventID] = e
		if p.order = append(p.order, s.EventID); len(p.order) > maxKnownEvents {
			delete(p.known, p.order[0])
			p.order = p.order[1:]
		}
	}
	if e.eventType == "" {
		e.eventType = s.EventType
	}
	return e
}

func (p *eventPrinter) printAccepted(s activity.Step, e *knownEvent) error {
	var isDuplicate bool
	if readDetail(s, contract.FieldReplayed, &isDuplicate); isDuplicate {
		return p.printRow(s, e, "accepted again: the idempotency key is known")
	}
	var took float64
	readDetail(s, contract.FieldDurationMs, &took)
	readDetail(s, contract.FieldEvents, &e.count)
	e.receivedAt = s.Time.Add(-time.Duration(took) * time.Millisecond)
	if !p.accepted {
		return nil
	}
	return p.printRow(s, e)
}

func (p *eventPrinter) printEnd(s activity.Step, e *knownEvent, status pipeline.Status) error {
	e.status = status
	notes := []string{markOf(s)}
	var attempt, splitOff int
	if readDetail(s, contract.FieldSplitOff, &splitOff); splitOff > 0 {
		notes = append(notes, fmt.Sprintf("%d split off", splitOff))
	}
	if readDetail(s, contract.FieldAttempt, &attempt); attempt > 1 {
		notes = append(notes, fmt.Sprintf("attempt %d", attempt))
	}
	switch s.Name {
	case activity.Filtered:
		notes = append(notes, events.MarkFiltered, failureText(s))
	case activity.Failed:
		notes = append(notes, failureText(s))
	case activity.DeadLettered:
		notes = append(notes, "the worker did not finish; the message moved to the DLQ")
	}
	err := p.printRow(s, e, notes...)
	e.receivedAt = time.Time{} // a later duration begins at a redrive or replay, which is unknown
	return err
}

// markOf returns MarkRedriven after a redrive, MarkReplayed after a replay, and otherwise "".
func markOf(s activity.Step) string {
	switch {
	case s.Detail(contract.FieldRedrives) != nil:
		return events.MarkRedriven
	case s.Detail(contract.FieldReplayID) != nil:
		return events.MarkReplayed
	}
	return ""
}

func (p *eventPrinter) printRetry(s activity.Step, e *knownEvent) error {
	var attempt int
	var wait float64
	readDetail(s, contract.FieldAttempt, &attempt)
	readDetail(s, contract.FieldRetryInSeconds, &wait)
	e.status = pipeline.Enqueued
	return p.printRow(s, e, markOf(s),
		fmt.Sprintf("attempt %d failed, next in %.0f s", attempt, wait),
		failureText(s))
}

// printRow prints the event's line, followed by the notes that are not empty.
func (p *eventPrinter) printRow(s activity.Step, e *knownEvent, notes ...string) error {
	r := events.Row{
		Time: s.Time, ID: s.EventID, Type: e.eventType, Status: string(e.status), Took: -1,
	}
	if name := p.pipelines[s.Source]; name != "" {
		r.Notes = append(r.Notes, name)
	}
	if e.status != pipeline.Enqueued && !e.receivedAt.IsZero() {
		r.Took = max(s.Time.Sub(e.receivedAt), 0)
	}
	if e.count > 1 {
		r.Notes = append(r.Notes, fmt.Sprintf("batch of %d", e.count))
	}
	for _, note := range notes {
		if note != "" {
			r.Notes = append(r.Notes, note)
		}
	}
	return r.Print(p.out, p.style.Colour)
}

// failureText returns the code and the error of a step.
func failureText(s activity.Step) string {
	var code, reason string
	readDetail(s, contract.FieldCode, &code)
	readDetail(s, contract.FieldError, &reason)
	switch {
	case reason == "":
		return code
	case code == "":
		return reason
	}
	return code + ": " + reason
}

// readDetail decodes a detail of a step into value. It does nothing if the step has no such detail,
// or if the detail has another type.
func readDetail(s activity.Step, name string, value any) {
	_ = json.Unmarshal(s.Detail(name), value)
}
