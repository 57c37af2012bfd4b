package main

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/throttle"
)

type sendFlags struct {
	api         apiFlags
	as          string
	count       int
	eventType   string
	batch       int
	rate        float64
	concurrency int
	retries     int
	gzip        bool
	wait        bool
	asJSON      bool
}

func newSendCommand() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send [FILE|-]...",
		Short: "Post events to a pipeline, and measure the latency",
		Long: `Posts events to a pipeline of the local platform or of a deployed stack. Prints
the events per second and the latency of the requests.

FILE can be a JSON array of events. Other files that end in .jsonl or .ndjson,
and standard input (-), hold an event per line. Any other file holds one event.
The platform gets the bytes of each event unchanged. Without FILE, the command
generates --count events of --type, which the platform's default processor
accepts. Other processors and schemas can require other fields.

The command signs requests with your AWS credentials if you set --stack, if the
URL of --api belongs to API Gateway, or if you set --sign. It signs requests to
the local platform with the local credentials. If the API requires a JSON Web
Token, set EVENTPIPELINE_TOKEN.

The command repeats a request without a response, or with a response 429 or 5xx.
The repeated request has the same idempotency key, so that no event is created
twice. If all attempts fail, the event counts as unknown, because the platform
can have accepted it. An event whose request did not leave this machine counts
as not sent. After a request without any response, the command stops.

With --as SOURCE or --as SOURCE:TYPE, the command sends one webhook instead, and
signs it like the sender of that webhook source. FILE is the exact body. Without
FILE, the command generates a body.

With --json, the command prints a line of JSON per event, and at the end a line
with a summary. Exits with 1 if an event was not accepted or, with --wait, not
processed.`,
		Example: `  eventpipeline send order.json
  eventpipeline send orders.jsonl --batch 100 --gzip
  eventpipeline send --count 100000 --batch 100 --wait
  eventpipeline send --count 5000 --rate 200 --type demo
  echo '{"eventType":"order.placed","orderId":"7"}' | eventpipeline send -
  eventpipeline send --stack event-driven-cloud-platform-dev --count 10 --wait
  eventpipeline send --json order.json | jq -r '.eventId // empty'
  eventpipeline send --as github:push payload.json
  eventpipeline send --json --count 9 | jq 'select(.summary).summary.latencyMs'`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.api.add(cmd)
	flags := cmd.Flags()
	addRequiredValue(flags, &f.as, "as",
		"webhook source SOURCE or SOURCE:TYPE whose sender the command imitates")
	flags.IntVar(&f.count, "count", 0, "number of events to generate")
	flags.StringVar(&f.eventType, "type", "demo", "eventType of the generated events")
	flags.IntVar(&f.batch, "batch", 1,
		"events per request, at most 1000; a batch has at most 1 MiB")
	flags.Float64Var(&f.rate, "rate", 0, "maximum number of events per second (default: no limit)")
	flags.IntVar(&f.concurrency, "concurrency", 32, "number of concurrent requests")
	flags.IntVar(&f.retries, "retries", 7, "how often to repeat a request that failed")
	flags.BoolVar(&f.gzip, "gzip", false, "compress requests")
	flags.BoolVar(&f.wait, "wait", false,
		"wait until the accepted events are processed, and print how long it took; stop if no "+
			"event is finished for 5 minutes")
	flags.BoolVar(&f.asJSON, "json", false,
		"print one line of JSON per event, in the order of the responses, and a summary")
	return cmd
}

func (f *sendFlags) check(cmd *cobra.Command, args []string) error {
	fromFile := len(args) > 0
	switch {
	case !fromFile && !cmd.Flags().Changed("count"):
		return usageErrorf("nothing to send: name a FILE (- is standard input), or set --count N")
	case fromFile && cmd.Flags().Changed("count"):
		return usageErrorf("set either FILE or --count, not both")
	case fromFile && cmd.Flags().Changed("type"):
		return usageErrorf("--type applies only to the events that --count generates: " +
			"change eventType in the file")
	case !fromFile && f.count < 1:
		return usageErrorf("--count must be at least 1, got %d", f.count)
	case f.batch < 1 || f.batch > client.MaxBatchEvents:
		return usageErrorf("--batch must be from 1 to %d, got %d", client.MaxBatchEvents, f.batch)
	case f.rate < 0 || math.IsNaN(f.rate) || cmd.Flags().Changed("rate") && f.rate == 0:
		return usageErrorf("--rate must be more than 0 events per second, got %v", f.rate)
	case f.concurrency < 1:
		return usageErrorf("--concurrency must be at least 1, got %d", f.concurrency)
	case f.retries < 0:
		return usageErrorf("--retries must be at least 0, got %d", f.retries)
	}
	return nil
}

func (f *sendFlags) run(cmd *cobra.Command, args []string) error {
	if f.as != "" {
		return f.sendWebhook(cmd, args)
	}
	if err := f.check(cmd, args); err != nil {
		return err
	}
	latency := newLatencies(f.concurrency)
	c, err := f.api.client(cmd.Context(), client.Options{
		Gzip: f.gzip, MaxAttempts: f.retries + 1, HTTPClient: &http.Client{Transport: latency},
	})
	if err != nil {
		return err
	}
	announce(cmd, f.api.pipeline)
	if err := f.ping(cmd.Context(), c); err != nil {
		return err
	}
	source, total := generateEvents(f.count, f.eventType), f.count
	if len(args) > 0 {
		source, total = readEvents(cmd.InOrStdin(), args), -1 // the number is unknown
	}
	r := newSendResults(cmd, f, total)
	start := time.Now()
	err = f.send(cmd.Context(), c, source, r)
	s := r.summarize(time.Since(start), latency)
	if !f.asJSON {
		err = errors.Join(err, s.print(cmd.OutOrStdout(), r.lastEventID, f.api.String()))
	}
	if f.wait {
		s.Processing, err = r.waitUntilProcessed(cmd, c, f, err)
	}
	if f.asJSON {
		err = errors.Join(err, printJSON(cmd.OutOrStdout(), map[string]any{"summary": s}))
	}
	return err
}

// ping returns an error if nothing answers at the API's address. It sends one request and does not
// retry.
func (f *sendFlags) ping(ctx context.Context, c *client.Client) error {
	err := c.Ping(ctx)
	var problem *client.Problem
	if errors.As(err, &problem) { // an API without the path /health answers too
		return nil
	}
	return f.api.explain(err)
}

// send sends the events of source. It stops at the first request that gets no response.
func (f *sendFlags) send(
	ctx context.Context, c *client.Client, source eventSource, r *sendResults,
) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	batcher := c.NewBatcher(client.BatcherOptions{
		MaxBatchEvents: f.batch, MaxConcurrentRequests: f.concurrency, Linger: f.linger(),
		MaxBufferedEvents: 2 * f.batch * f.concurrency,
	})
	wait, chunk := throttle.New(f.rate), throttle.ChunkSize(f.rate)
	number := 0
	err := source(func(event []byte) bool {
		if number%chunk == 0 && wait(ctx, chunk) != nil {
			return false
		}
		number++
		n := number
		done := func(result client.Result) { r.add(n, result, stop) }
		err := batcher.Add(ctx, event, done)
		if errors.Is(err, client.ErrNotObject) { // the API says what is wrong with it
			accepted, err := c.Send(ctx, event)
			done(client.Result{Event: event, EventID: accepted.EventID, Err: err})
		}
		return ctx.Err() == nil
	})
	_ = batcher.Close(ctx) // done has passed all errors to r
	return errors.Join(err, context.Cause(ctx), r.firstErr)
}

// linger returns how long a batch waits for more events. With --rate, it waits longer.
func (f *sendFlags) linger() time.Duration {
	if f.rate == 0 {
		return time.Second
	}
	return time.Second + throttle.TimeFor(f.batch, f.rate)
}
