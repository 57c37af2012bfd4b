package processor_test

import (
	"context"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// A Func without JSON receives the request's body unchanged.
func ExampleFunc() {
	process := func(_ context.Context, event processor.Event) (processor.Record, error) {
		summary := map[string]any{"type": event.Type, "bytes": len(event.Payload)}
		return processor.Record{Payload: summary}, nil
	}
	printResult(process, `{"eventType":"order.created"}`)
	// Output:
	// PROCESSED
	// {"bytes":29,"type":"order.created"}
}

// An Event contains the payload, and data that the platform adds, such as the time of receipt.
func ExampleEvent() {
	process := func(_ context.Context, event processor.Event) (processor.Record, error) {
		fmt.Println(event.ID, event.Type, event.ReceivedAt.Format("2006-01-02"), event.Attempt)
		return processor.Record{Payload: event.Payload}, nil
	}
	printResult(process, `{"eventType":"order.created",  "orderId":"7"}`)
	// Output:
	// 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 order.created 2026-11-23 1
	// PROCESSED
	// {"eventType":"order.created","orderId":"7"}
}
