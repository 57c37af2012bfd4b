package eventsource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// itemFailures returns the message ids of a response such as
// {"batchItemFailures": [{"itemIdentifier": "id"}]}. The response and the list may be empty or
// null. Field names are case-sensitive, as in Lambda.
func itemFailures(response []byte, messages []sqs.Message) (map[string]bool, error) {
	response = bytes.TrimSpace(response)
	if len(response) == 0 {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(response, &fields); err != nil {
		return nil, fmt.Errorf("the response must be a JSON object: %w", err)
	}
	var items []map[string]json.RawMessage
	if list, ok := fields["batchItemFailures"]; ok {
		if err := json.Unmarshal(list, &items); err != nil {
			return nil, fmt.Errorf("batchItemFailures must be a list of objects: %w", err)
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
			return nil, errors.New("an entry of batchItemFailures must have an itemIdentifier")
		}
		if !sent[id] {
			return nil, fmt.Errorf("the batch has no message with the itemIdentifier %q", id)
		}
		failed[id] = true
	}
	return failed, nil
}
