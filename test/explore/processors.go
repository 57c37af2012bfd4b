package explore

import (
	"context"
	"encoding/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

// processor is a user's, in a scenario. The explorer knows what it may answer: that of any delivery.
type processor func(attempt int, payload []byte) pipeline.Output

func (p processor) Process(_ context.Context, _ pipeline.Event, attempt int, payload []byte) (pipeline.Output, error) {
	return p(attempt, payload), nil
}

var (
	twoRecords = pipeline.Output{Payloads: []json.RawMessage{[]byte(`{"part":"first"}`), []byte(`{"part":"second"}`)}}
	nothing    = pipeline.Output{Dropped: pipeline.Dropped{Code: "unwanted", Reason: "nobody wants it"}}
)

// splitting makes two records of a good event, and drops others.
func splitting(_ int, payload []byte) pipeline.Output {
	if string(payload) == good {
		return twoRecords
	}
	return nothing
}

// wavering changes its mind with each delivery.
func wavering(attempt int, _ []byte) pipeline.Output {
	if attempt%2 == 1 {
		return twoRecords
	}
	return nothing
}

// outputs is all that an event may become.
func (s Scenario) outputs(payload []byte) []pipeline.Output {
	if s.Processor == nil {
		return []pipeline.Output{{Payloads: []json.RawMessage{payload}}}
	}
	return []pipeline.Output{s.Processor(1, payload), s.Processor(2, payload)}
}
