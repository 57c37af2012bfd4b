package eventsource

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// BatchResult describes the result of a batch. SQS delivers failed messages again after their
// visibility timeout.
type BatchResult struct {
	Function  string
	Messages  []sqs.Message
	Failed    []string // ids of the failed messages
	Err       error    // set if the function failed, its response is invalid, or a delete failed
	RequestID string
	Duration  time.Duration
}

// process invokes the function with a batch and deletes the processed messages.
func (m Mapping) process(ctx context.Context, b batch) {
	for _, message := range b.messages {
		m.OnDeliver(m.Function, message)
	}
	result, err := m.Invoke(ctx, m.reference(), b.payload)
	failed, err := m.failedMessages(b, result, err)
	report := BatchResult{
		Function: m.Function, Messages: b.messages, Err: err,
		RequestID: result.RequestID, Duration: result.Duration,
	}
	var processed []string
	for _, message := range b.messages {
		if err != nil || failed[message.ID] {
			report.Failed = append(report.Failed, message.ID)
		} else {
			processed = append(processed, message.ReceiptHandle)
		}
	}
	if len(processed) > 0 {
		if err := m.Queue.Delete(processed...); err != nil {
			report.Err = fmt.Errorf("delete the %d messages that function %s processed: %w",
				len(processed), m.Function, err)
		}
	}
	m.OnBatch(report)
}

// failedMessages returns the ids of the failed messages. It returns an error if the function failed
// or its response is invalid. All messages then count as failed.
func (m Mapping) failedMessages(b batch, result Result, err error) (map[string]bool, error) {
	switch {
	case err != nil:
		return nil, fmt.Errorf("invoke function %s: %w", m.Function, err)
	case result.FunctionError != "":
		return nil, fmt.Errorf("function %s failed (%s): %.500s", m.Function,
			result.FunctionError, result.Payload)
	case !m.ReportBatchItemFailures:
		return nil, nil
	}
	failed, err := itemFailures(result.Payload, b.messages)
	if err != nil {
		return nil, fmt.Errorf("parse the batch response of function %s: %w", m.Function, err)
	}
	return failed, nil
}

// itemFailures returns the ids of the messages that the response reports as failed. An example is
// {"batchItemFailures":[{"itemIdentifier":"id"}]}. The response and the list can be empty or null.
// Field names are case-sensitive, as in Lambda.
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
			return nil, errors.New("each entry of batchItemFailures must have an itemIdentifier")
		}
		if !sent[id] {
			return nil, fmt.Errorf("the batch has no message with the itemIdentifier %q", id)
		}
		failed[id] = true
	}
	return failed, nil
}
