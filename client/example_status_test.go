package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

func ExampleClient_Status() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"eventId":"019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001","status":"PROCESSED"}`)
	}))
	defer api.Close()

	c, err := client.New(api.URL, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	status, err := c.Status(context.Background(), "019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001")
	fmt.Println(status.Status == client.Processed, err)
	// Output: true <nil>
}
