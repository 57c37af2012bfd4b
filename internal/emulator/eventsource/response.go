package eventsource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// itemFailures reads which of the messages failed from a response {"batchItemFailures": [{"itemIdentifier": "id"}]}.
// One that is empty or null, or whose list is, names none. Names of fields are taken as they are written, as Lambda
// takes them.
func itemFailures(response []byte, messages []sqs.Message) (map[string]bool, error) {
	response = bytes.TrimSpace(response)
	if len(response) == 0 {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(response, &fields); err != nil {
		return nil, fmt.Errorf("it is not a JSON object: %w", err)
	}
	var items []map[string]json.RawMessage
	if list, ok := fields["batchItemFailures"]; ok {
		if err := json.Unmarshal(list, &items); err != nil {
			return nil, fmt.Errorf("batchItemFailures is not a list of objects: %w", err)
		}
	}
	sent := map[string]bool{}
	for _, m := range messages {
		sent[m.ID] = true
	}
	failed := map[string]bool{}
	for _, item := range items {
		var id string
		if err := json.Unmarshal(item["itemIdentifier"], &id); err != nil || id == "" {
			return nil, errors.New("an entry of batchItemFailures has no itemIdentifier")
		}
		if !sent[id] {
			return nil, fmt.Errorf("the batch had no message with the itemIdentifier %q", id)
		}
		failed[id] = true
	}
	return failed, nil
}
