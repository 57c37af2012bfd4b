package processor_test

import (
	"context"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// FanOut makes several records from one event.
func ExampleFanOut() {
	process := processor.JSON(func(
		_ context.Context, _ processor.Event, order Order,
	) (processor.Record, error) {
		var lines []map[string]string
		for _, item := range order.Items {
			lines = append(lines, map[string]string{"orderId": order.ID, "item": item})
		}
		return processor.FanOut(lines...), nil
	})
	printResult(process, `{"eventType":"order.created","orderId":"7","items":["tea","milk"]}`)
	// Output:
	// PROCESSED
	// {"item":"tea","orderId":"7"}
	// {"item":"milk","orderId":"7"}
}
