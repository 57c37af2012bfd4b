package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

func ExampleOptions_gzip() {
	api := serve("Content-Encoding")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{Gzip: true})
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := c.Send(context.Background(), []byte(`{"eventType":"order.placed"}`))
	fmt.Println(accepted.EventID, err)
	// Output:
	// Content-Encoding: gzip
	// event-1 <nil>
}
