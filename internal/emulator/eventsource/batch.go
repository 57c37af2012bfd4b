package eventsource

import (
	"context"
	"fmt"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// BatchResult tells how an invocation went. Messages that failed stay on the queue and come back after their visibility
// timeout.
type BatchResult struct {
	Function  string
	Messages  []sqs.Message
	Failed    []string // ids of the messages that failed: those that the function named, or all
	Err       error    // why all failed, or why those that succeeded could not be deleted
	RequestID string
	Duration  time.Duration
}

// process invokes the function with a batch and deletes what it processed.
func (m Mapping) process(ctx context.Context, b batch) {
	for _, message := range b.messages {
		m.OnDeliver(m.Function, message)
	}
	result, err := m.Invoke(ctx, m.Function, b.payload)
	failed, err := m.failedMessages(b, result, err)
	report := BatchResult{Function: m.Function, Messages: b.messages, Err: err, RequestID: result.RequestID, Duration: result.Duration}
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
			report.Err = fmt.Errorf("delete the %d messages that %s processed: %w", len(processed), m.Function, err)
		}
	}
	m.OnBatch(report)
}

// failedMessages gives the ids of the messages that failed. An error means that all of them did.
func (m Mapping) failedMessages(b batch, result Result, err error) (map[string]bool, error) {
	switch {
	case err != nil:
		return nil, fmt.Errorf("invoke %s: %w", m.Function, err)
	case result.FunctionError != "":
		return nil, fmt.Errorf("%s failed (%s): %.500s", m.Function, result.FunctionError, result.Payload)
	case !m.ReportBatchItemFailures:
		return nil, nil
	}
	failed, err := itemFailures(result.Payload, b.messages)
	if err != nil {
		return nil, fmt.Errorf("the response of %s fails its whole batch: %w", m.Function, err)
	}
	return failed, nil
}
