package processor_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

// Order is the payload of the examples' events.
type Order struct {
	ID    string   `json:"orderId"`
	Total float64  `json:"total"`
	Items []string `json:"items"`
	Test  bool     `json:"test"`
}

// show prints what becomes of an event with that payload.
func show(fn processor.Func, payload string) {
	fmt.Println(processortest.Process(context.Background(), fn, payload))
}

// The main function of a worker is a call of Start.
func ExampleStart() {
	main := func() {
		processor.Start(func(_ context.Context, event processor.Event) (processor.Record, error) {
			return processor.Record{Payload: event.Payload}, nil
		})
	}
	_ = main
}

func ExampleFunc() {
	fn := func(_ context.Context, event processor.Event) (processor.Record, error) {
		return processor.Record{Payload: map[string]any{"type": event.Type, "bytes": len(event.Payload)}}, nil
	}
	show(fn, `{"eventType":"order.created"}`)
	// Output:
	// PROCESSED
	// {"bytes":29,"type":"order.created"}
}

func ExampleEvent() {
	fn := func(_ context.Context, event processor.Event) (processor.Record, error) {
		fmt.Println(event.ID, event.Type, event.ReceivedAt.Format("2006-01-02"), event.Attempt)
		return processor.Record{Payload: event.Payload}, nil
	}
	show(fn, `{"eventType":"order.created",  "orderId":"7"}`)
	// Output:
	// 019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 order.created 2026-11-23 1
	// PROCESSED
	// {"eventType":"order.created","orderId":"7"}
}

func ExampleRecord() {
	fn := processor.JSON(func(_ context.Context, _ processor.Event, order Order) (processor.Record, error) {
		order.Total *= 1.2
		return processor.Record{Payload: order}, nil
	})
	show(fn, `{"eventType":"order.created","orderId":"7","total":10,"items":["tea"]}`)
	// Output:
	// PROCESSED
	// {"orderId":"7","total":12,"items":["tea"],"test":false}
}

func ExampleJSON() {
	fn := processor.JSON(func(_ context.Context, _ processor.Event, order Order) (processor.Record, error) {
		return processor.Record{Payload: map[string]any{"cents": order.Total * 100}}, nil
	})
	show(fn, `{"eventType":"order.created","total":19.5}`)
	show(fn, `{"eventType":"order.created","total":"a lot"}`)
	// Output:
	// PROCESSED
	// {"cents":1950}
	// FAILED rejected.invalid-payload: The payload is not what the processor expects: a JSON string at total where a number of its range is to be.
}

func ExampleReject() {
	fn := processor.JSON(func(_ context.Context, _ processor.Event, order Order) (processor.Record, error) {
		if order.Total < 0 {
			return processor.Record{}, processor.Reject("negative-total", "the total must not be below 0")
		}
		return processor.Record{Payload: order}, nil
	})
	show(fn, `{"eventType":"order.created","total":-1}`)
	// Output: FAILED rejected.negative-total: the total must not be below 0
}

func ExampleFilter() {
	fn := processor.JSON(func(_ context.Context, _ processor.Event, order Order) (processor.Record, error) {
		if order.Test {
			return processor.Filter("test-order", "orders of the shop's own tests are not kept"), nil
		}
		return processor.Record{Payload: order}, nil
	})
	show(fn, `{"eventType":"order.created","test":true}`)
	// Output: FILTERED test-order: orders of the shop's own tests are not kept
}

func ExampleFanOut() {
	fn := processor.JSON(func(_ context.Context, _ processor.Event, order Order) (processor.Record, error) {
		var lines []map[string]string
		for _, item := range order.Items {
			lines = append(lines, map[string]string{"orderId": order.ID, "item": item})
		}
		return processor.FanOut(lines...), nil
	})
	show(fn, `{"eventType":"order.created","orderId":"7","items":["tea","milk"]}`)
	// Output:
	// PROCESSED
	// {"item":"tea","orderId":"7"}
	// {"item":"milk","orderId":"7"}
}

func ExampleLog() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ // in the function, it writes JSON
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})))
	fn := func(ctx context.Context, event processor.Event) (processor.Record, error) {
		processor.Log(ctx).Info("order looked up", "attempt", event.Attempt)
		return processor.Record{Payload: event.Payload}, nil
	}
	processortest.Process(context.Background(), fn, `{"eventType":"order.created"}`)
	// Output: level=INFO msg="order looked up" eventId=019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 eventType=order.created bytes=29 attempt=1
}
