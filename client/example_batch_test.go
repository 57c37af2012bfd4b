package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

func ExampleClient_SendBatch() {
	api := serve("")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	events := [][]byte{
		[]byte(`{"eventType":"order.placed","orderId":"7"}`),
		[]byte(`{"eventType":"order.placed","orderId":"8"}`),
	}
	accepted, err := c.SendBatch(context.Background(), events)
	if err != nil {
		log.Fatal(err)
	}
	for i, event := range accepted.Events {
		fmt.Println(i, event.EventID)
	}
	// Output:
	// 0 batch-1.0
	// 1 batch-1.1
}

// By default, one invalid event makes the API reject the whole batch.
func ExampleWithLenient() {
	api := serve("")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	events := [][]byte{
		[]byte(`{"eventType":"order.placed","orderId":"7"}`),
		[]byte(`{"eventType":"bad"}`),
	}
	_, err = c.SendBatch(context.Background(), events)
	fmt.Println(err)

	accepted, err := c.SendBatch(context.Background(), events, client.WithLenient())
	if err != nil {
		log.Fatal(err)
	}
	for i, event := range accepted.Events {
		if event.Problem != nil {
			fmt.Println(i, "rejected:", event.Problem)
			continue
		}
		fmt.Println(i, event.EventID)
	}
	// Output:
	// HTTP 422: Events are invalid.; event 1: No good.
	// 0 batch-2.0
	// 1 rejected: HTTP 422: No good.
}
