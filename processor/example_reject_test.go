package processor_test

import (
	"context"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// Reject makes the event FAILED without a retry.
func ExampleReject() {
	process := processor.JSON(func(
		_ context.Context, _ processor.Event, order Order,
	) (processor.Record, error) {
		if order.Total < 0 {
			return processor.Record{}, processor.Reject("negative-total",
				"total must not be negative")
		}
		return processor.Record{Payload: order}, nil
	})
	printResult(process, `{"eventType":"order.created","total":-1}`)
	// Output: FAILED rejected.negative-total: total must not be negative
}
