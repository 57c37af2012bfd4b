package explore

import (
	"context"
	"encoding/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// processor is a user's, in a scenario. The explorer knows what it may answer: that of any delivery.
type processor func(attempt int, payload []byte) (pipeline.Output, error)

func (p processor) Process(_ context.Context, _ pipeline.Event, attempt int, payload []byte) (pipeline.Output, error) {
	return p(attempt, payload)
}

var (
	twoRecords = pipeline.Output{Payloads: []json.RawMessage{[]byte(`{"part":"first"}`), []byte(`{"part":"second"}`)}}
	nothing    = pipeline.Output{Filtered: pipeline.Filtered{Code: "unwanted", Reason: "nobody wants it"}}
)

// splitting makes two records of a good event, and drops others.
func splitting(_ int, payload []byte) (pipeline.Output, error) {
	if string(payload) == good {
		return twoRecords, nil
	}
	return nothing, nil
}

// wavering changes its mind with each delivery.
func wavering(attempt int, _ []byte) (pipeline.Output, error) {
	if attempt%2 == 1 {
		return twoRecords, nil
	}
	return nothing, nil
}

// regretting rejects with the second delivery what it took with the first.
func regretting(attempt int, _ []byte) (pipeline.Output, error) {
	if attempt%2 == 1 {
		return twoRecords, nil
	}
	return pipeline.Output{}, pipeline.NewRejection("regretted", "it was taken by mistake")
}

// outputs is all that an event may become, and whether it may be rejected, too.
func (s Scenario) outputs(payload []byte) (outputs []pipeline.Output, rejected bool) {
	if s.Processor == nil {
		return []pipeline.Output{{Payloads: []json.RawMessage{payload}}}, false
	}
	for attempt := 1; attempt <= 2; attempt++ {
		output, err := s.Processor(attempt, payload)
		if err != nil {
			rejected = true
			continue
		}
		outputs = append(outputs, output)
	}
	return outputs, rejected
}
