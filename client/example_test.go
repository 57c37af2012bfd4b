package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

// serve starts an API that prints the named header of each request.
func serve(header string) *httptest.Server {
	var pipeline api
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if header != "" {
			fmt.Printf("%s: %.24s\n", header, r.Header.Get(header))
		}
		pipeline.ServeHTTP(w, r)
	}))
}

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

// Programs usually take the credentials and the region from config.LoadDefaultConfig of the AWS
// SDK.
func ExampleOptions_credentials() {
	api := serve("Authorization")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Region:      "eu-west-1",
	})
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := c.Send(context.Background(), []byte(`{"eventType":"order.placed"}`))
	fmt.Println(accepted.EventID, err)
	// Output:
	// Authorization: AWS4-HMAC-SHA256 Credent
	// event-1 <nil>
}

func ExampleOptions_token() {
	api := serve("Authorization")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{
		Token: func(ctx context.Context) (string, error) { return "eyJhbGciOi", nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := c.Send(context.Background(), []byte(`{"eventType":"order.placed"}`))
	fmt.Println(accepted.EventID, err)
	// Output:
	// Authorization: Bearer eyJhbGciOi
	// event-1 <nil>
}

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
