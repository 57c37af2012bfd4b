// Package client sends events to a pipeline, and retries safely.
//
// # One event
//
// An event is a JSON object with an eventType. The platform archives its bytes unchanged:
//
//	c, err := client.New("https://events.example.com", client.Options{})
//	…
//	accepted, err := c.Send(ctx, []byte(`{"eventType":"order.placed","orderId":"7"}`))
//
// If the error is nil, the event is durable. Pass accepted.EventID to [Client.Status] to get the
// state of the event.
//
// # Many events
//
// A request with a hundred events costs as much as a request with one event. A [Batcher] collects
// events and sends a batch when it has 1,000 events or 1 MiB, or after 100 ms:
//
//	b := c.NewBatcher(client.BatcherOptions{})
//	…
//	err := b.Add(ctx, event, func(r client.Result) {
//		if r.Err != nil {
//			log.Printf("the event %s was not accepted: %v", r.Event, r.Err)
//		}
//	})
//	…
//	err = b.Close(ctx) // waits until each event has a result
//
// The Batcher keeps events in memory until the API has accepted them. A crash of the process loses
// these events. If the buffer is full, Add waits. To drop events and not wait, set
// [BatcherOptions].OnDrop.
//
// The API accepts the valid events of a Batcher's batch even if it rejects others. If the API
// rejects a batch because of its size, the Batcher sends smaller batches.
//
// [Client.SendBatch] sends one request with the events that you pass. By default, the API accepts
// either all of these events or none. With [WithLenient], it accepts the valid events.
//
// # Authorization
//
// A pipeline's API requires IAM authorization by default. The client signs requests (SigV4) with
// the credentials of an aws.Config:
//
//	cfg, err := config.LoadDefaultConfig(ctx)
//	…
//	c, err := client.New(url, client.Options{Credentials: cfg.Credentials, Region: cfg.Region})
//
// An API with a JWT authorizer requires a token. The client calls the function Options.Token for
// each attempt.
//
// # Retries
//
// The client retries a request that got no response, or one of these statuses: 408, 425, 429, and
// 5xx except 501 and 505. It does not retry after an invalid TLS certificate. It stops after 8
// attempts, or when the context ends.
//
// The first wait between two attempts is 50 to 100 ms. Each later wait is twice as long, up to
// 10 s. The client adds the time in the response's header Retry-After to the wait.
//
// Retries create no event twice, because all attempts of a call have the same idempotency key. By
// default, the key is a random UUID for each call.
//
// A second call of Send for the same event, after an error or a crash, can therefore create a
// second event. To prevent this, pass your own key with [WithIdempotencyKey], such as an order's
// number.
//
// # Errors
//
// The error of a failed request is a [SendError]. If the API answered, the error wraps a [Problem]:
//
//	var problem *client.Problem
//	if errors.As(err, &problem) && problem.Status == http.StatusUnprocessableEntity {
//		log.Printf("%s at %s", problem.Detail, problem.Pointer)
//	}
//
// If SendError.MayBeAccepted is true, the API possibly accepted the event although the call failed.
package client
