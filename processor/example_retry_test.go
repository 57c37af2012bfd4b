package processor_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

// SQS delivers the event again after any error that does not come from Reject.
func ExampleFunc_retry() {
	process := func(_ context.Context, event processor.Event) (processor.Record, error) {
		if event.Attempt == 1 {
			return processor.Record{}, errors.New("look up the customer: connection refused")
		}
		return processor.Record{Payload: event.Payload}, nil
	}
	event := processor.Event{Payload: []byte(`{"eventType":"order.created"}`)}
	for event.Attempt = 1; event.Attempt <= 2; event.Attempt++ {
		fmt.Println(processortest.ProcessEvent(context.Background(), process, event))
	}
	// Output:
	// RETRIED processor-error: the processor failed: look up the customer: connection refused
	// PROCESSED
	// {"eventType":"order.created"}
}
