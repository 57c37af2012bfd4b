package explore

import (
	"context"
	"encoding/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// processor implements a user's processor. Its output depends only on the attempt and the payload,
// so that the explorer knows all possible outputs.
type processor func(attempt int, payload []byte) (pipeline.Output, error)

func (p processor) Process(_ context.Context, _ pipeline.Event, attempt int,
	payload []byte) (pipeline.Output, error) {
	return p(attempt, payload)
}

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

// alternating returns two records in the first delivery, filters the event in the second, and so
// on.
func alternating(attempt int, _ []byte) (pipeline.Output, error) {
	if attempt%2 == 1 {
		return twoRecords, nil
	}
	return filtered, nil
}

// rejectsLater processes an event in its first delivery and rejects the same event in its second.
func rejectsLater(attempt int, _ []byte) (pipeline.Output, error) {
	if attempt%2 == 1 {
		return twoRecords, nil
	}
	return pipeline.Output{}, pipeline.NewRejection("too-early", "accepted too early")
}

// outputs returns all possible outputs of an event, and whether the processor may reject the event.
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
