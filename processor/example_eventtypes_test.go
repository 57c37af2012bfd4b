package processor_test

import (
	"context"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// One worker can process several event types, each with its own Go type.
func ExampleFunc_eventTypes() {
	type Refund struct {
		OrderID string  `json:"orderId"`
		Amount  float64 `json:"amount"`
	}
	byType := map[string]processor.Func{
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
	}
	process := func(ctx context.Context, event processor.Event) (processor.Record, error) {
		fn, known := byType[event.Type]
		if !known {
			return processor.Filter("unknown-type", "the shop does not use %s", event.Type), nil
		}
		return fn(ctx, event)
	}
	printResult(process, `{"eventType":"order.created","orderId":"7","total":10}`)
	printResult(process, `{"eventType":"order.refunded","orderId":"7","amount":4}`)
	printResult(process, `{"eventType":"order.viewed"}`)
	// Output:
	// PROCESSED
	// {"orderId":"7","total":10}
	// PROCESSED
	// {"orderId":"7","total":-4}
	// FILTERED unknown-type: the shop does not use order.viewed
}
