package processortest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

// Visit represents the payload of an event.
type Visit struct {
	Name string `json:"name"`
}

// Greeting represents the payload of a record.
type Greeting struct {
	Text string `json:"text"`
}

// greet is the processor under test.
var greet = processor.JSON(func(
	_ context.Context, event processor.Event, visit Visit,
) (processor.Record, error) {
	switch {
	case visit.Name == "":
		return processor.Record{}, processor.Reject("no-name", "name must not be empty")
	case event.Attempt == 1 && visit.Name == "Zoe":
		return processor.Record{}, errors.New("look up Zoe: connection refused")
	}
	return processor.Record{Payload: Greeting{"Hello, " + visit.Name}}, nil
})

func ExampleProcess() {
	result := processortest.Process(context.Background(), greet,
		`{"eventType":"visit","name":"Anna"}`)
	fmt.Println(result.Outcome)
	fmt.Println(string(result.Records[0]))
	// Output:
	// PROCESSED
	// {"text":"Hello, Anna"}
}

func ExampleProcess_rejected() {
	result := processortest.Process(context.Background(), greet, `{"eventType":"visit"}`)
	fmt.Println(result.Outcome, result.Code)
	// Output: FAILED rejected.no-name
}

func ExampleProcessEvent() {
	event := processor.Event{Payload: []byte(`{"eventType":"visit","name":"Zoe"}`)}
	fmt.Println(processortest.ProcessEvent(context.Background(), greet, event).Err)
	event.Attempt = 2
	fmt.Println(processortest.ProcessEvent(context.Background(), greet, event))
	// Output:
	// the processor failed: look up Zoe: connection refused
	// PROCESSED
	// {"text":"Hello, Zoe"}
}

func ExampleResult() {
	result := processortest.Process(context.Background(), greet,
		`{"eventType":"visit","name":"Zoe"}`)
	if result.Outcome == processortest.Retried {
		fmt.Println("in the log:", result.Err)
		fmt.Println("in the status, after the last delivery:", result.Code)
	}
	// Output:
	// in the log: the processor failed: look up Zoe: connection refused
	// in the status, after the last delivery: processor-error
}

func ExampleResult_String() {
	for _, payload := range []string{
		`{"eventType":"visit","name":"Anna"}`,
		`{"eventType":"visit"}`,
		`{"eventType":"visit","name":"Zoe"}`,
	} {
		fmt.Println(processortest.Process(context.Background(), greet, payload))
	}
	// Output:
	// PROCESSED
	// {"text":"Hello, Anna"}
	// FAILED rejected.no-name: name must not be empty
	// RETRIED processor-error: the processor failed: look up Zoe: connection refused
}
