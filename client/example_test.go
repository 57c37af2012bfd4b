package client_test

import (
	"context"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

// config.LoadDefaultConfig finds the AWS credentials. The client signs requests with them.
func Example() {
	ctx := context.Background()
	apiURL := os.Getenv("EVENTS_API_URL")
	event := []byte(`{"eventType":"order.placed","orderId":"7"}`)

	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	c, err := client.New(apiURL, client.Options{Credentials: cfg.Credentials, Region: cfg.Region})
	if err != nil {
		log.Fatal(err)
	}
	batcher := c.NewBatcher(client.BatcherOptions{})
	err = batcher.Add(ctx, event, func(r client.Result) {
		if r.Err != nil {
			log.Printf("the event %s was not accepted: %v", r.Event, r.Err)
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	err = batcher.Close(ctx) // waits until each event has a result
	if err != nil {
		log.Fatal(err)
	}
}
