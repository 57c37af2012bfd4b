package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

// The client waits for the time in the header Retry-After. Then it sends the event again with the
// same idempotency key.
func ExampleOptions_retries() {
	var pipeline api
	busy := true
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if busy {
			busy = false
			fmt.Println("busy")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		pipeline.ServeHTTP(w, r)
	}))
	defer api.Close()

	c, err := client.New(api.URL, client.Options{
		MaxAttempts: 5,
		MinBackoff:  10 * time.Millisecond,
		MaxBackoff:  time.Second,
	})
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := c.Send(context.Background(), []byte(`{"eventType":"order.placed"}`))
	fmt.Println(accepted.EventID, err)
	// Output:
	// busy
	// event-1 <nil>
}
