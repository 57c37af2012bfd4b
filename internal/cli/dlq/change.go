package dlq

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// MaxPreview is the maximum number of messages that a preview checks.
const MaxPreview = 10_000

// Change redrives or discards the events of messages in the DLQ. Both actions remove the messages
// from the DLQ.
type Change struct {
	Pipeline deployment.Pipeline
	Filter   Filter
	Begin    time.Time // the change ignores messages that came to the DLQ later
	Action   Action
}

// Action redrives or discards messages.
type Action struct {
	// Apply changes the messages. It returns an error or nil for each message.
	Apply func(ctx context.Context, p deployment.Pipeline, messages []Message) []error
	// Rejects reports whether Apply always fails for the message. If Rejects is nil, Apply can
	// succeed for every message.
	Rejects func(Message) bool
}

// Redrive moves messages back to the queue.
var Redrive = Action{Apply: redrive, Rejects: neverRedrivable}

// Discard deletes messages. Their events stay FAILED.
var Discard = Action{Apply: discard}

// Preview describes the messages that a redrive or a discard would change.
type Preview struct {
	Counts    Counts
	Rejected  int  // messages for which Action.Rejects returns true
	Hidden    int  // approximate number of messages that other clients received
	Truncated bool // only the first MaxPreview messages of the DLQ were checked
	// Selected contains the ids of the selected messages. Missing contains each id of the filter
	// that no message has. Both are nil if Truncated is true.
	Selected map[string]bool
	Missing  []string
}

// Preview describes the messages that the change selects. It changes nothing.
func (c Change) Preview(ctx context.Context) (Preview, error) {
	p := Preview{Counts: make(Counts)}
	selected, missing := make(map[string]bool), slices.Clone(c.Filter.IDs)
	s := NewScan(c.Pipeline, c.Begin, MaxPreview)
	err := s.Visit(ctx, func(m Message) error {
		if !c.Filter.Match(m, c.Begin) {
			return nil
		}
		p.Counts.Add(m)
		selected[m.MessageID] = true
		if c.Action.Rejects != nil && c.Action.Rejects(m) {
			p.Rejected++
		}
		missing = slices.DeleteFunc(missing, func(id string) bool {
			return id == m.EventID || id == m.MessageID
		})
		return nil
	})
	p.Hidden, p.Truncated = s.Hidden, s.Truncated
	if !p.Truncated { // messages that were not checked can have the missing ids
		p.Selected, p.Missing = selected, missing
	}
	return p, err
}

// Result counts the messages that Run visited.
type Result struct {
	Done      int
	Failed    int  // messages that stay in the DLQ because Action.Apply returned an error
	Hidden    int  // approximate number of messages that other clients received
	Truncated bool // the DLQ holds more messages than can be checked
}

// Run changes the messages that the filter selects. If selected is not nil, Run changes only the
// messages whose ids are in selected. After each message, Run calls report with the message's
// error. The calls of report never overlap.
func (c Change) Run(
	ctx context.Context, selected map[string]bool, report func(Result, Message, error),
) (Result, error) {
	var result Result
	var mu sync.Mutex
	s := NewScan(c.Pipeline, c.Begin, MaxHeld)
	err := s.Run(ctx, func(ctx context.Context, messages []Message) (finished []Message, _ error) {
		var chosen []Message
		for _, m := range messages {
			if c.Filter.Match(m, c.Begin) && (selected == nil || selected[m.MessageID]) {
				chosen = append(chosen, m)
			}
		}
		applying, cancel := withoutCancel(ctx) // cancellation must not interrupt Apply
		defer cancel()
		errs := c.Action.Apply(applying, c.Pipeline, chosen)
		mu.Lock()
		defer mu.Unlock()
		for i, m := range chosen {
			if errs[i] == nil {
				finished = append(finished, m)
				result.Done++
			} else {
				result.Failed++
			}
			report(result, m, errs[i])
		}
		return finished, ctx.Err()
	})
	result.Hidden, result.Truncated = s.Hidden, s.Truncated
	return result, err
}

// neverRedrivable reports whether a redrive of the message always fails. It fails if the message
// names no event, or if the event's id now belongs to another payload.
func neverRedrivable(m Message) bool { return m.EventID == "" || m.Stale }

// redrive redrives the messages. It returns an error or nil for each message.
func redrive(ctx context.Context, p deployment.Pipeline, messages []Message) []error {
	redriver := pipeline.Redriver{
		Items: p.Items(), Queue: p.Queue(), Checkpoints: p.Checkpoints(), BronzeBucket: p.Bronze,
		Now: time.Now,
	}
	bodies := make([][]byte, len(messages))
	for i, m := range messages {
		bodies[i] = m.Body
	}
	errs := make([]error, len(messages))
	for i, result := range redriver.Redrive(ctx, bodies) {
		errs[i] = result.Err
	}
	return errs
}

// discard discards the events of the messages. It returns an error or nil for each message.
func discard(ctx context.Context, p deployment.Pipeline, messages []Message) []error {
	discarder := pipeline.Discarder{Items: p.Items(), BronzeBucket: p.Bronze, Now: time.Now}
	dead := make([]pipeline.DeadLetter, len(messages))
	for i, m := range messages {
		dead[i] = m.DeadLetter
	}
	return discarder.Discard(ctx, dead)
}
