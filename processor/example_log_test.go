package processor_test

import (
	"context"
	"log/slog"
	"os"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

// Log adds the event's id to each line. In the Lambda function, each line is a JSON object.
func ExampleLog() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			if attr.Key == slog.TimeKey || attr.Key == "bytes" || attr.Key == "eventType" {
				return slog.Attr{}
			}
			return attr
		},
	})))
	process := func(ctx context.Context, event processor.Event) (processor.Record, error) {
		processor.Log(ctx).Info("found", "attempt", event.Attempt)
		return processor.Record{Payload: event.Payload}, nil
	}
	processortest.Process(context.Background(), process, `{"eventType":"demo"}`)
	// Output: level=INFO msg=found eventId=019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001 attempt=1
}
