package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

func ExampleClient_Send() {
	api := serve("")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	event, err := json.Marshal(map[string]any{"eventType": "order.placed", "orderId": "7"})
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := c.Send(context.Background(), event)
	fmt.Println(accepted.EventID, err)
	// Output: event-1 <nil>
}

// The key depends only on the data, so the program can send the event again after a crash.
func ExampleWithIdempotencyKey() {
	api := serve("Idempotency-Key")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	event := []byte(`{"eventType":"order.placed","orderId":"7"}`)
	for range 2 {
		key := client.WithIdempotencyKey("order-7-placed")
		accepted, err := c.Send(context.Background(), event, key)
		fmt.Println(accepted.EventID, accepted.Duplicate, err)
	}
	// Output:
	// Idempotency-Key: order-7-placed
	// event-1 false <nil>
	// Idempotency-Key: order-7-placed
	// event-1 true <nil>
}

func ExampleProblem() {
	api := serve("")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Send(context.Background(), []byte(`{"eventType":"bad"}`))
	var problem *client.Problem
	if errors.As(err, &problem) {
		fmt.Println(problem.Status, problem.Type, problem.Detail)
	}
	// Output: 422 t No good.
}
