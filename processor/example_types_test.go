package processor_test

import (
	"context"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// One worker can process several event types, each with its own Go type.
func ExampleTypes() {
	type Refund struct {
		OrderID string  `json:"orderId"`
		Amount  float64 `json:"amount"`
	}
	process := processor.Types{
		"order.created": processor.JSON(func(
			_ context.Context, _ processor.Event, order Order,
		) (processor.Record, error) {
			return processor.Record{Payload: order}, nil
		}),
		"order.refunded": processor.JSON(func(
			_ context.Context, _ processor.Event, refund Refund,
		) (processor.Record, error) {
			order := Order{ID: refund.OrderID, Total: -refund.Amount}
			return processor.Record{Payload: order}, nil
		}),
	}.Route
	printResult(process, `{"eventType":"order.created","orderId":"7","total":10}`)
	printResult(process, `{"eventType":"order.refunded","orderId":"7","amount":4}`)
	printResult(process, `{"eventType":"order.viewed"}`)
	// Output:
	// PROCESSED
	// {"orderId":"7","total":10}
	// PROCESSED
	// {"orderId":"7","total":-4}
	// FAILED rejected.unknown-type: The processor has no function for events of type order.viewed.
}

// The type "" stands for all other types.
func ExampleTypes_others() {
	process := processor.Types{
		"": func(_ context.Context, event processor.Event) (processor.Record, error) {
			return processor.Filter("not-used", "the shop does not use %s", event.Type), nil
		},
	}.Route
	printResult(process, `{"eventType":"order.viewed"}`)
	// Output:
	// FILTERED not-used: the shop does not use order.viewed
}
