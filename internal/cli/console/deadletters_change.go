package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// action is a change of dead letters, with its texts on the page.
type action struct {
	dlq.Action
	title, past string
}

// actions maps the name of each action in the console's URLs to the action.
var actions = map[string]action{
	"redrive": {dlq.Redrive, "Redrive", "Redriven"},
	"discard": {dlq.Discard, "Discard", "Discarded"},
}

var (
	errBusy       = errors.New("a redrive or discard is running: wait until it ends, or stop it")
	errOldPreview = errors.New(
		"the dry run is out of date: start it again, because messages may have changed")
)

func (v *view) newChange(a action, filter dlq.Filter) dlq.Change {
	return dlq.Change{Pipeline: v.Pipeline, Filter: filter, Begin: time.Now(), Action: a.Action}
}

// changeDeadLetters starts the redrive or discard of the messages that a dry run has selected.
func (v *view) changeDeadLetters(r *http.Request) (response, error) {
	if err := r.ParseForm(); err != nil {
		return response{}, err
	}
	if v.jobs.busy("deadletters") {
		return response{}, errBusy
	}
	run, ok := v.dryRuns.take(r.PostForm.Get("dryRun"))
	if !ok || run.name != r.PathValue("action") {
		return response{}, errOldPreview
	}
	_, err := v.startChange(run.name, run.change, &run.preview)
	return response{Location: v.path("deadletters")}, err
}

// changeOne redrives or discards the message of an event. It waits a short time for the result.
func (v *view) changeOne(ctx context.Context, name, id string) (response, error) {
	change := v.newChange(actions[name], dlq.Filter{IDs: []string{id}})
	jobID, err := v.startChange(name, change, nil)
	if err != nil {
		return response{}, err
	}
	done := v.waitForJob(ctx, jobID)
	switch {
	case done.State == running:
		return response{Location: v.path("deadletters")}, nil // this page shows the progress
	case name == "redrive":
		return response{Message: "The event's message is back in the queue"}, done.failure()
	}
	return response{Message: "The event's message is discarded"}, done.failure()
}

// waitForJob waits until the job ends, or until a short time has passed.
func (v *view) waitForJob(ctx context.Context, id int) job {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return v.jobs.wait(ctx, id)
}

// failure returns the error of the job or, if there is none, the job's first problem.
func (j job) failure() error {
	switch {
	case j.Error != "":
		return errors.New(j.Error)
	case len(j.Problems) > 0:
		return errors.New(j.Problems[0])
	case j.State == stopped:
		return errors.New("the job was stopped")
	}
	return nil
}

// startChange starts a job that redrives or discards messages, and returns the job's id. A dry run
// has selected the messages in preview. If preview is nil, the job selects the messages.
func (v *view) startChange(name string, change dlq.Change, preview *dlq.Preview) (int, error) {
	id, ok := v.jobs.startUnlessBusy(v.server.ctx, job{
		Page: "deadletters", Kind: name,
		Title: actions[name].title + " " + describeFilter(change.Filter),
		run: func(ctx context.Context, update func(func(*job))) error {
			defer v.cache.forget("dlq")
			return v.change(ctx, name, change, preview, update)
		},
	})
	if !ok {
		return 0, errBusy
	}
	return id, nil
}

func (v *view) change(
	ctx context.Context, name string, change dlq.Change, preview *dlq.Preview,
	update func(func(*job)),
) error {
	v.scanning.Lock()
	defer v.scanning.Unlock()
	if preview == nil {
		p, err := change.Preview(ctx)
		if err != nil {
			return err
		}
		preview = &p
	}
	if !preview.Truncated { // otherwise the number of messages is unknown
		update(func(j *job) { j.Total = preview.Counts.Total() })
	}
	report := func(c dlq.Result, m dlq.Message, err error) {
		if err == nil && name == "redrive" {
			v.record(stepRedriven, m.EventID, m.EventType)
		}
		update(func(j *job) {
			j.Done = c.Done + c.Failed
			if err != nil && len(j.Problems) < maxProblems {
				j.Problems = append(j.Problems, escape(m.ID()+": "+err.Error()))
			}
		})
	}
	result, err := change.Run(ctx, preview.Selected, report)
	update(func(j *job) {
		j.Results = []field{{actions[name].past, formatCount(result.Done)}}
		if result.Failed > 0 {
			j.Results = append(j.Results, field{"Failed", formatCount(result.Failed)})
		}
		if err == nil {
			j.Problems = append(j.Problems, describeUnchecked(change.Filter, *preview, result)...)
		}
	})
	return err
}

// describeUnchecked describes the messages that a change could not check. It omits hidden messages
// if the change has found all ids of the filter.
func describeUnchecked(f dlq.Filter, p dlq.Preview, result dlq.Result) (problems []string) {
	for _, id := range p.Missing {
		problems = append(problems, escape(id)+": no message in the DLQ has this id. "+
			"To process the event again, replay it.")
	}
	hidden := p.Hidden
	if p.Truncated {
		hidden = result.Hidden
	}
	allFound := len(f.IDs) > 0 && !p.Truncated && len(p.Missing) == 0
	if hidden > 0 && !allFound {
		problems = append(problems, quantity(hidden, "message")+" not checked: received by "+
			"another client. Hidden messages become visible within five minutes.")
	}
	if lost := p.Counts.Total() - result.Done - result.Failed; lost > 0 && !p.Truncated {
		problems = append(problems, "Another client has deleted or received "+
			quantity(lost, "message")+" in the meantime. Start again to check the DLQ.")
	}
	if result.Truncated {
		problems = append(problems, "The DLQ holds more than "+formatCount(dlq.MaxHeld)+
			" messages. Start again in five minutes to check the others.")
	}
	return problems
}

// record adds a step of the console to the local platform's journal.
func (v *view) record(name, id, eventType string) {
	if v.server.o.Local && id != "" {
		v.server.journal.add(activity.Step{
			Time: v.server.o.Now(), Name: name,
			EventID: id, EventType: eventType, Source: "console",
		}, v.Slug)
	}
}
