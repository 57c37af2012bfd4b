package processor_test

import (
	"context"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

// JSON decodes the payload into a Go type and rejects payloads that do not match it.
func ExampleJSON() {
	process := processor.JSON(func(
		_ context.Context, _ processor.Event, order Order,
	) (processor.Record, error) {
		return processor.Record{Payload: map[string]any{"cents": order.Total * 100}}, nil
	})
	printResult(process, `{"eventType":"order.created","total":19.5}`)
	result := processortest.Process(context.Background(), process,
		`{"eventType":"order.created","items":"tea"}`)
	fmt.Println(result.Outcome, result.Code)
	// Output:
	// PROCESSED
	// {"cents":1950}
	// FAILED rejected.invalid-payload
}

// The payload of a record can be any Go value that is encoded as a JSON object.
func ExampleRecord() {
	process := processor.JSON(func(
		_ context.Context, _ processor.Event, order Order,
	) (processor.Record, error) {
		order.Total *= 1.2
		return processor.Record{Payload: order}, nil
	})
	printResult(process, `{"eventType":"order.created","orderId":"7","total":10,"items":["tea"]}`)
	// Output:
	// PROCESSED
	// {"orderId":"7","total":12,"items":["tea"]}
}
