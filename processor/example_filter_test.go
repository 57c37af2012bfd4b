package processor_test

import (
	"context"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// Filter makes the event PROCESSED without a record.
func ExampleFilter() {
	process := processor.JSON(func(
		_ context.Context, _ processor.Event, order Order,
	) (processor.Record, error) {
		if order.Test {
			return processor.Filter("test-order", "order %s is a test", order.ID), nil
		}
		return processor.Record{Payload: order}, nil
	})
	printResult(process, `{"eventType":"order.created","orderId":"7","test":true}`)
	// Output: FILTERED test-order: order 7 is a test
}
