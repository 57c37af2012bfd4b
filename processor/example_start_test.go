package processor_test

import (
	"context"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// The main function of a worker only calls Start.
func ExampleStart() {
	main := func() {
		processor.Start(func(_ context.Context, event processor.Event) (processor.Record, error) {
			return processor.Record{Payload: event.Payload}, nil
		})
	}
	_ = main
}
