package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

func ExampleBatcher() {
	api := serve("")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	b := c.NewBatcher(client.BatcherOptions{MaxBatchEvents: 100, Linger: 50 * time.Millisecond})
	done := func(r client.Result) {
		if r.Err != nil {
			fmt.Printf("%s was not accepted: %v\n", r.Event, r.Err)
		}
	}
	for _, event := range []string{
		`{"eventType":"order.placed","orderId":"7"}`, `{"eventType":"bad"}`,
	} {
		if err := b.Add(context.Background(), []byte(event), done); err != nil {
			log.Fatal(err)
		}
	}

	// Close waits until each event has a result, for at most 10 seconds.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(b.Close(ctx))
	// Output:
	// {"eventType":"bad"} was not accepted: HTTP 422: No good.
	// an event was not accepted: HTTP 422: No good.
}

// A Batcher with OnDrop never makes its caller wait.
func ExampleBatcherOptions_onDrop() {
	api := serve("")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	b := c.NewBatcher(client.BatcherOptions{
		MaxBufferedEvents: 1,
		Linger:            time.Hour,
		OnDrop:            func(event []byte) { fmt.Printf("dropped %s\n", event) },
	})
	for _, event := range []string{`{"eventType":"page.viewed"}`, `{"eventType":"page.left"}`} {
		err := b.Add(context.Background(), []byte(event), nil)
		if err != nil && !errors.Is(err, client.ErrBufferFull) {
			log.Fatal(err)
		}
	}
	fmt.Println(b.Close(context.Background()))
	// Output:
	// dropped {"eventType":"page.left"}
	// <nil>
}
