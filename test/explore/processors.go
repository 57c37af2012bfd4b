package explore

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// processor implements a user's processor. Its output depends only on the attempt and the payload.
// The explorer can therefore calculate all possible outputs.
type processor func(attempt int, payload []byte) (pipeline.Output, error)

// userProcessor runs the scenario's processor for one worker. If a payload crashes its worker,
// Process blocks until the scheduler crashes the worker.
type userProcessor struct{ *process }

func (p userProcessor) Process(ctx context.Context, event pipeline.Event, attempt int,
	payload []byte) (pipeline.Output, error) {
	if p.run.crashing[event.ID] {
		err := p.exec(ctx, crashSite, event.ID, nil, func() error { return nil })
		return pipeline.Output{}, err
	}
	run := p.run.scenario.Processor
	if run == nil {
		return pipeline.Output{Payloads: []json.RawMessage{payload}}, nil
	}
	output, err := run(attempt, payload)
	if err != nil {
		p.report(func(r *reaction) { r.failedEvents = append(r.failedEvents, event.ID) })
	}
	return output, err
}

// crashSite is the site of the call at which a worker crashes.
const crashSite = "Processor.Process"

var (
	twoRecords = pipeline.Output{Payloads: []json.RawMessage{[]byte(`{"part":"first"}`),
		[]byte(`{"part":"second"}`)}}
	filtered = pipeline.Output{Filtered: pipeline.Filtered{Code: "unwanted",
		Reason: "not needed"}}
)

// fanOut returns two records for a good event and filters other events.
func fanOut(_ int, payload []byte) (pipeline.Output, error) {
	if string(payload) == good {
		return twoRecords, nil
	}
	return filtered, nil
}

// alternateOutput returns two records at odd deliveries of an event: the first, the third, and so
// on. At the other deliveries, it filters the event.
func alternateOutput(attempt int, _ []byte) (pipeline.Output, error) {
	if attempt%2 == 1 {
		return twoRecords, nil
	}
	return filtered, nil
}

// rejectsLater processes an event at its first delivery, but rejects it at its second delivery.
func rejectsLater(attempt int, _ []byte) (pipeline.Output, error) {
	if attempt%2 == 1 {
		return twoRecords, nil
	}
	return pipeline.Output{}, pipeline.NewRejection("too-early", "accepted too early")
}

func alwaysFails(int, []byte) (pipeline.Output, error) {
	return pipeline.Output{}, errors.New("the processor failed")
}

// outputs returns all possible outputs of the processor for a payload. fails reports whether the
// processor can fail.
func (s Scenario) outputs(payload []byte) (outputs []pipeline.Output, fails bool) {
	if s.Processor == nil {
		return []pipeline.Output{{Payloads: []json.RawMessage{payload}}}, false
	}
	for attempt := 1; attempt <= 2; attempt++ {
		output, err := s.Processor(attempt, payload)
		if err != nil {
			fails = true
			continue
		}
		outputs = append(outputs, output)
	}
	return outputs, fails
}
