// Package main is the worker of the second pipeline in the module shop. It filters every event.
package main

import (
	"context"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

func main() { processor.Start(processor.JSON(process)) }

func process(context.Context, processor.Event, map[string]any) (processor.Record, error) {
	return processor.Filter("first", "returns are not kept"), nil
}
