package processor

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stdio"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/worker"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Event represents one delivery of an event.
type Event struct {
	ID         string          // the same in every delivery; in a batch: <BatchID>.<Index>
	Type       string          // eventType of the payload
	ReceivedAt time.Time       // time of acceptance by the API; UTC, to the millisecond
	Caller     string          // sender that the API's authorizer identified; "" if unknown
	Attempt    int             // number of this delivery, 1 for the first; a replay restarts at 1
	ReplayID   string          // id of the replay; "" if the event was not replayed
	BatchID    string          // id of the event's batch; "" if it was sent alone
	Index      int             // position in the batch, from 0; 0 if it was sent alone
	Payload    json.RawMessage // body of the request, unchanged; a JSON object
	Webhook    *Webhook        // nil if no webhook source sent the event
}

// Webhook describes the request of a webhook source. If the source sent an HTML form, the event's
// payload is an object with the form's fields.
type Webhook struct {
	Source      string            // name of the source
	ContentType string            // media type of the request
	Headers     map[string]string // headers that the source keeps; their names are in lower case
}

// Func processes an event and returns its record. Up to 32 calls run concurrently.
type Func func(ctx context.Context, event Event) (Record, error)

// Start runs fn as the pipeline's worker. Call it from main. It handles Lambda invocations until
// Lambda ends the process. If `eventpipeline replay --compare --worker` started the process, Start
// serves that command and calls no AWS service.
func Start(fn Func) {
	if os.Getenv(stdio.Variable) == stdio.Value {
		serveCLI(fn)
		return
	}
	worker.Start(fn)
}

func serveCLI(fn Func) {
	responses := os.Stdout
	os.Stdout = os.Stderr // the output of fn must not mix with the responses
	slog.SetDefault(logging.New(os.Stderr, os.Getenv(contract.LogLevel)))
	if err := stdio.Serve(context.Background(), fn, os.Stdin, responses); err != nil {
		slog.Error("serve", slog.Any(contract.FieldError, err))
		os.Exit(1)
	}
}

// Process implements the platform's processor interface. Do not call it. To test a Func, use
// package processortest.
func (fn Func) Process(
	ctx context.Context, event pipeline.Event, attempt int, payload []byte,
) (pipeline.Output, error) {
	var batchID string
	id, span, inBatch, _ := pipeline.ParseID(event.ID)
	if inBatch {
		batchID = id
	}
	record, err := fn(logging.WithEvent(ctx, event), Event{
		ID:         event.ID,
		Type:       event.Type,
		ReceivedAt: event.ReceivedAt,
		Caller:     event.Caller,
		Attempt:    attempt,
		ReplayID:   event.Replay.ID,
		BatchID:    batchID,
		Index:      span.First,
		Payload:    payload,
		Webhook:    newWebhook(event.Webhook),
	})
	if err != nil {
		return pipeline.Output{}, err
	}
	return record.output()
}

func newWebhook(w *pipeline.Webhook) *Webhook {
	if w == nil {
		return nil
	}
	return &Webhook{Source: w.Source, ContentType: w.ContentType, Headers: maps.Clone(w.Headers)}
}

// Log returns a logger that adds the event's id to each line. The lines appear in the function's
// log. The output of fmt.Println appears there without the event's id.
//
// ctx must be the processor's own context or be derived from it. For any other context, Log returns
// slog.Default().
func Log(ctx context.Context) *slog.Logger { return logging.FromContext(ctx) }
