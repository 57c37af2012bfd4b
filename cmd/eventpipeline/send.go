package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
)

type sendFlags struct {
	api         apiFlags
	count       int
	eventType   string
	concurrency int
	asJSON      bool
	wait        bool
}

func newSendCommand() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send [FILE|-]",
		Short: "Post events to a pipeline",
		Long: `Posts events to a pipeline of the local platform or of a deployed stack.

FILE holds one event, which is sent byte for byte. A file that ends in .jsonl or
.ndjson, and standard input (-), hold an event per line. Without FILE, the
command generates --count events of --type, which the platform's default
processor accepts. Other processors and schemas may require other fields.

The command signs requests with your AWS credentials if you set --stack, if the
URL of --api belongs to API Gateway, or if you set --sign. It signs requests to
the local platform with the local credentials. If the API requires a JSON Web
Token, set EVENTPIPELINE_TOKEN.

Exits with 1 if an event was not accepted or, with --wait, not processed. The
command sends a throttled request (429) again. It does not repeat a request
without an answer or with an answer 5xx, because the platform may have accepted
the event. Such an event counts as unknown. An event whose request did not leave
this machine counts as not sent.`,
		Example: `  eventpipeline send order.json
  eventpipeline send orders.jsonl
  eventpipeline send --count 5000 --type demo
  echo '{"eventType":"order.placed","orderId":"7"}' | eventpipeline send -
  eventpipeline send --stack event-driven-cloud-platform-dev --count 10 --wait
  eventpipeline send --json order.json | jq -r .eventId`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.api.add(cmd)
	flags := cmd.Flags()
	flags.IntVar(&f.count, "count", 0, "number of events to generate")
	flags.StringVar(&f.eventType, "type", "demo", "eventType of the generated events")
	flags.IntVar(&f.concurrency, "concurrency", 32, "number of concurrent requests")
	flags.BoolVar(&f.wait, "wait", false,
		"wait until the accepted events are processed, at most 5 minutes")
	flags.BoolVar(&f.asJSON, "json", false,
		"print one line of JSON per event, in the order of the answers")
	return cmd
}

func (f *sendFlags) run(cmd *cobra.Command, args []string) error {
	fromFile := len(args) == 1
	switch {
	case !fromFile && !cmd.Flags().Changed("count"):
		return usageErrorf("nothing to send: name a FILE (- is standard input), or set --count N")
	case fromFile && cmd.Flags().Changed("count"):
		return usageErrorf("set either FILE or --count, not both")
	case !fromFile && f.count < 1:
		return usageErrorf("--count must be at least 1, got %d", f.count)
	case f.concurrency < 1:
		return usageErrorf("--concurrency must be at least 1, got %d", f.concurrency)
	}
	c, err := f.api.client(cmd.Context(), f.concurrency)
	if err != nil {
		return err
	}
	announce(cmd, f.api.pipeline)
	source, total := generateEvents(f.count, f.eventType), f.count
	if fromFile {
		source, total = readEvents(cmd.InOrStdin(), args[0]), -1 // the number is unknown
	}
	s := sender{
		client: c, out: cmd.OutOrStdout(), asJSON: f.asJSON, apiFlags: f.api.String(),
		explain: f.api.explain,
		bar:     tty.NewBar(cmd.ErrOrStderr(), total, "sending"), counts: make(map[string]int),
	}
	start := time.Now()
	err = s.sendAll(cmd.Context(), source, f.concurrency)
	err = s.summarize(cmd.ErrOrStderr(), time.Since(start), err)
	if f.wait {
		err = errors.Join(err, s.waitUntilProcessed(cmd, f.concurrency))
	}
	return err
}
