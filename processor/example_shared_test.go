package processor_test

import (
	"context"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

// Order represents the payload of the events in the examples.
type Order struct {
	ID    string   `json:"orderId"`
	Total float64  `json:"total"`
	Items []string `json:"items,omitempty"`
	Test  bool     `json:"test,omitempty"`
}

// printResult runs a processor on an event with the payload, and prints the result.
func printResult(fn processor.Func, payload string) {
	fmt.Println(processortest.Process(context.Background(), fn, payload))
}
