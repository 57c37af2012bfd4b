package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

const printedEvent = "019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001"

// printEvents prints the steps and returns the lines. The first step happens at 12:00:00. The time
// between two steps is 12 ms. If accepted is true, an accepted event has a line too.
func printEvents(t *testing.T, accepted bool, steps ...activity.Step) string {
	t.Helper()
	var out strings.Builder
	p := newEventPrinter(&out, activity.Style{}, accepted)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)
	for _, s := range steps {
		if s.Time = now; s.Name != "reloaded" {
			s.EventID, s.EventType = printedEvent, "demo"
		}
		if err := p.print(s); err != nil {
			t.Fatal(err)
		}
		now = now.Add(12 * time.Millisecond)
	}
	return out.String()
}

func step(name, detailsJSON string) activity.Step {
	s := activity.Step{Name: name}
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(detailsJSON), &values) != nil {
		values = nil
	}
	for name, value := range values {
		s.Details = append(s.Details, activity.Detail{Name: name, Value: value})
	}
	return s
}

func TestEventPrinter_PrintsALinePerEvent(t *testing.T) {
	const id = printedEvent
	accepted := step("accepted", `{"durationMs":3,"replayed":false}`)
	failed := step("failed", `{"attempt":5,"code":"processor-error","error":"no\nidea"}`)
	for name, test := range map[string]struct {
		accepted bool
		steps    []activity.Step
		want     string
	}{
		"processed": {false, []activity.Step{
			accepted, step("published", ""), step("processed", `{"attempt":1}`),
		}, "12:00:00 " + id + " demo            PROCESSED      27\n"},
		"no worker": {true, []activity.Step{accepted},
			"12:00:00 " + id + " demo            ENQUEUED        -\n"},
		"failed, then redriven": {false, []activity.Step{
			accepted, failed, step("dead-lettered", ""), step("processed", `{"redrives":1}`),
		}, "12:00:00 " + id + " demo            FAILED         15\n" +
			"         attempt 5, processor-error: no idea\n" +
			"12:00:00 " + id + " demo            PROCESSED       -\n         redriven\n"},
		"retried": {false, []activity.Step{
			accepted, step("retried", `{"attempt":1,"retryInSeconds":2.2,"code":"unavailable"}`),
		}, "12:00:00 " + id + " demo            ENQUEUED        -\n" +
			"         attempt 1 failed, next in 2 s, unavailable\n"},
		"redriven, then retried": {false, []activity.Step{
			failed, step("retried", `{"attempt":1,"retryInSeconds":1,"redrives":2}`),
			step("processed", `{"redrives":2,"replayId":"r"}`),
		}, "12:00:00 " + id + " demo            FAILED          -\n" +
			"         attempt 5, processor-error: no idea\n" +
			"12:00:00 " + id + " demo            ENQUEUED        -\n" +
			"         redriven, attempt 1 failed, next in 1 s\n" +
			"12:00:00 " + id + " demo            PROCESSED       -\n         redriven\n"},
		"replayed": {false, []activity.Step{step("processed", `{"replayId":"r"}`)},
			"12:00:00 " + id + " demo            PROCESSED       -\n         replayed\n"},
		"crashed": {false, []activity.Step{accepted, step("dead-lettered", "")},
			"12:00:00 " + id + " demo            FAILED         15\n" +
				"         the worker did not finish; the message moved to the DLQ\n"},
		"batch": {true, []activity.Step{step("accepted", `{"events":20}`)},
			"12:00:00 " + id + " demo            ENQUEUED        -\n         batch of 20\n"},
		"other step": {false, []activity.Step{step("reloaded", "")}, "12:00:00.000  reloaded\n"},
	} {
		if got := printEvents(t, test.accepted, test.steps...); got != test.want {
			t.Errorf("%s: printed\n%swant\n%s", name, got, test.want)
		}
	}
}

func TestEventPrinter_ForgetsTheOldestEvents(t *testing.T) {
	p := newEventPrinter(&strings.Builder{}, activity.Style{}, false)
	for i := range maxKnownEvents + 10 {
		id := fmt.Sprintf("019aaf3e-6f0b-7cc2-9c49-%012x", i)
		if err := p.print(activity.Step{Name: "accepted", EventID: id}); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.known) != maxKnownEvents {
		t.Errorf("the printer knows %d events", len(p.known))
	}
}

// Many events of other batches must not make the printer forget an unfinished batch.
func TestEventPrinter_RemembersABatchWithManySteps(t *testing.T) {
	var out strings.Builder
	p := newEventPrinter(&out, activity.Style{}, false)
	send := func(s activity.Step, id string) {
		s.EventID, s.EventType = id, "demo"
		if err := p.print(s); err != nil {
			t.Fatal(err)
		}
	}
	send(step("accepted", `{"events":1000}`), printedEvent)
	for n := range maxKnownEvents + 1 {
		send(step("published", ""), fmt.Sprintf("019aaf3e-6f0b-7cc2-9c49-%012x.%d", n/1000, n%1000))
	}
	send(step("processed", `{"attempt":1}`), printedEvent)
	if got := out.String(); !strings.Contains(got, "batch of 1000") {
		t.Errorf("printed %q", got)
	}
}

// The user's processor can log a long text or control characters as eventId.
func TestEventPrinter_IgnoresForeignIDs(t *testing.T) {
	var out strings.Builder
	p := newEventPrinter(&out, activity.Style{}, false)
	for _, id := range []string{strings.Repeat("order-", 20), "\x1b[31m"} {
		for _, level := range []slog.Level{slog.LevelInfo, slog.LevelWarn} {
			s := activity.Step{Name: "processed", EventID: id, EventType: "demo", Level: level}
			if err := p.print(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := out.String(); strings.Count(got, "\n") != 2 || strings.Contains(got, "\x1b") ||
		strings.Contains(got, "PROCESSED") {
		t.Errorf("printed %q, want the two warnings", got)
	}
}
