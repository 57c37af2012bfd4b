package processortest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

// Greeting is what the examples' processor makes.
type Greeting struct {
	Text string `json:"text"`
}

// Visit is the payload of the examples' events.
type Visit struct {
	Name string `json:"name"`
}

func greet(_ context.Context, event processor.Event, who Visit) (processor.Record, error) {
	switch {
	case who.Name == "":
		return processor.Record{}, processor.Reject("no-name", "name is missing")
	case event.Attempt == 1 && who.Name == "Zoe":
		return processor.Record{}, errors.New("look Zoe up: no connection")
	}
	return processor.Record{Payload: Greeting{"Hello, " + who.Name}}, nil
}

func ExampleProcess() {
	result := processortest.Process(context.Background(), processor.JSON(greet), `{"eventType":"visit","name":"Anna"}`)
	fmt.Println(result.Outcome)
	fmt.Println(string(result.Records[0]))
	// Output:
	// PROCESSED
	// {"text":"Hello, Anna"}
}

func ExampleProcess_rejected() {
	result := processortest.Process(context.Background(), processor.JSON(greet), `{"eventType":"visit"}`)
	fmt.Println(result.Outcome, result.Code)
	// Output: FAILED rejected.no-name
}

func ExampleProcessEvent() {
	event := processor.Event{Payload: []byte(`{"eventType":"visit","name":"Zoe"}`)}
	fmt.Println(processortest.ProcessEvent(context.Background(), processor.JSON(greet), event).Err)
	event.Attempt = 2
	fmt.Println(processortest.ProcessEvent(context.Background(), processor.JSON(greet), event))
	// Output:
	// the processor failed: look Zoe up: no connection
	// PROCESSED
	// {"text":"Hello, Zoe"}
}

func ExampleResult() {
	result := processortest.Process(context.Background(), processor.JSON(greet), `{"eventType":"visit","name":"Zoe"}`)
	if result.Outcome == processortest.Retried {
		fmt.Println("the log has:", result.Err)
		fmt.Println("its sender is told, if it fails to the end:", result.Code)
	}
	// Output:
	// the log has: the processor failed: look Zoe up: no connection
	// its sender is told, if it fails to the end: processor-error
}

func ExampleResult_String() {
	fmt.Println(processortest.Process(context.Background(), processor.JSON(greet), `{"eventType":"visit","name":7}`))
	fmt.Println(processortest.Process(context.Background(), processor.JSON(greet), `{"name":"Anna"}`))
	fmt.Println(processortest.Process(context.Background(), processor.JSON(greet), `{"eventType":"visit","name":"Zoe"}`))
	// Output:
	// FAILED rejected.invalid-payload: The payload is not what the processor expects: a JSON number at name where a string is to be.
	// REFUSED missing-event-type: The payload has no eventType; add one, such as {"eventType":"order.created"}.
	// RETRIED processor-error: the processor failed: look Zoe up: no connection
}
