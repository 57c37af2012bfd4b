package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// sendFlags are the flags of send.
type sendFlags struct {
	api         apiFlags
	count       int
	eventType   string
	concurrency int
	asJSON      bool
}

func newSendCommand() *cobra.Command {
	var flags sendFlags
	cmd := &cobra.Command{
		Use:   "send [FILE|-]",
		Short: "Post events to a pipeline",
		Long: `Posts events to a pipeline: the local platform's or a deployed stack's.

FILE is one event, sent byte for byte; a file ending in .jsonl or .ndjson, and standard input (-), hold an event a line.
Without FILE, --count events of --type are made up: each has a message and a number, which is enough for the platform's
own worker. For a processor or a schema that asks for more, send events of your own.

Requests to a --stack or to API Gateway are signed with your AWS credentials, those to the local platform with its own;
others with --sign. For an API that asks for a JSON Web Token, set EVENTPIPELINE_TOKEN.

Exits with 1 if any event was not accepted. A request that was throttled (429) is sent again. One that got a 5xx or no
answer is not, and counts as unknown: the platform may have taken the event.`,
		Example: `  eventpipeline send order.json
  eventpipeline send --count 5000 --type demo
  echo '{"eventType":"order.placed","orderId":"7","lines":[{"sku":"tea","quantity":2}]}' | eventpipeline send -
  eventpipeline send orders.jsonl
  eventpipeline send --stack event-driven-cloud-platform-dev orders.jsonl
  EVENTPIPELINE_TOKEN=$(get-token) eventpipeline send --api https://events.example.org order.json
  eventpipeline send --json order.json | jq -r .eventId`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return flags.run(cmd, args) },
	}
	flags.api.add(cmd)
	cmd.Flags().IntVar(&flags.count, "count", 0, "how many events to make up")
	cmd.Flags().StringVar(&flags.eventType, "type", "demo", "eventType of the events that --count makes up")
	cmd.Flags().IntVar(&flags.concurrency, "concurrency", 32, "requests under way at once")
	cmd.Flags().BoolVar(&flags.asJSON, "json", false, "print one JSON object a line for each event, in the order of the answers")
	return cmd
}

func (f *sendFlags) run(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 && !cmd.Flags().Changed("count"):
		return usageError{errors.New("nothing to send: give a FILE, - for standard input, or --count N")}
	case len(args) == 1 && cmd.Flags().Changed("count"):
		return usageError{errors.New("give either a FILE or --count, not both")}
	case len(args) == 0 && f.count < 1:
		return usageError{fmt.Errorf("--count is %d; it must be at least 1", f.count)}
	case f.concurrency < 1:
		return usageError{fmt.Errorf("--concurrency is %d; it must be at least 1", f.concurrency)}
	}
	c, err := f.api.client(cmd.Context(), f.concurrency)
	if err != nil {
		return err
	}
	source := func(yield func([]byte) bool) error { return madeUp(f.count, f.eventType, yield) }
	total := f.count
	if len(args) == 1 {
		source = func(yield func([]byte) bool) error { return readEvents(cmd.InOrStdin(), args[0], yield) }
		total = -1 // unknown: the bar counts without an end
	}
	s := sender{
		client: c, out: cmd.OutOrStdout(), asJSON: f.asJSON, bar: newBar(cmd.ErrOrStderr(), total, "sending"),
		apiFlags: f.api.text(), counts: make(map[string]int),
	}
	start := time.Now()
	err = s.sendAll(cmd.Context(), source, f.concurrency)
	return f.api.explain(s.finish(cmd.ErrOrStderr(), time.Since(start), err))
}

// newBar draws on a terminal only; a log file has no use for it.
func newBar(w io.Writer, total int, doing string) *progressbar.ProgressBar {
	file, ok := w.(*os.File)
	return barOf(w, ok && isTerminal(file) && total != 1, total, doing)
}

func barOf(w io.Writer, visible bool, total int, doing string) *progressbar.ProgressBar {
	bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionSetVisibility(visible),
		progressbar.OptionSetDescription(doing), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("events"), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	bar.StartWithoutRender() // or its time begins with the first events, which seem to have taken none
	return bar
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// madeUp yields count events of a type, each with its number.
func madeUp(count int, eventType string, yield func([]byte) bool) error {
	for i := 1; i <= count; i++ {
		body, err := json.Marshal(map[string]any{"eventType": eventType, "message": "hello", "sequence": i})
		if err != nil {
			return err
		}
		if !yield(body) {
			return nil
		}
	}
	return nil
}

// readEvents yields the events in a file, or on standard input when its name is "-".
func readEvents(stdin io.Reader, name string, yield func([]byte) bool) error {
	if name == "-" {
		return readLines(stdin, "standard input", yield)
	}
	if ext := filepath.Ext(name); ext != ".jsonl" && ext != ".ndjson" {
		body, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		yield(body)
		return nil
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return readLines(file, name, yield)
}

// maxLine is larger than any request that API Gateway takes, so that an event that is too large gets the API's answer.
const maxLine = 12 << 20

func readLines(r io.Reader, name string, yield func([]byte) bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) > 0 && !yield(append([]byte(nil), lines.Bytes()...)) {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}
