package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/porttest"
)

func (w *world) worker() Worker {
	return Worker{
		Worker: pipeline.Worker{
			Items:           &w.events,
			Bronze:          &w.bronze,
			Silver:          new(inmem.Bucket),
			Bus:             new(inmem.Bus),
			Queue:           &w.queue,
			DeadLetters:     &w.deadLetters,
			BronzeBucket:    "bronze",
			SilverBucket:    "silver",
			MaxReceiveCount: 3,
			Now:             time.Now,
			Jitter:          func() float64 { return 0 },
		},
		QueueName: "events",
		Log:       slog.New(slog.NewJSONHandler(&w.log, nil)),
	}
}

func sqsRecord(messageID, body string, attempt int) string {
	text, _ := json.Marshal(body)
	return fmt.Sprintf(
		`{"messageId":%q,"receiptHandle":"r","body":%s,`+
			`"attributes":{"ApproximateReceiveCount":"%d"}}`,
		messageID,
		text,
		attempt,
	)
}

// downBucket simulates an outage of S3.
type downBucket struct{}

func (downBucket) Get(context.Context, string) ([]byte, error) {
	return nil, errors.New("S3 is down")
}

func (w *world) message(t *testing.T, body string) string {
	t.Helper()
	accepted, err := w.api().Ingest.Accept(t.Context(), pipeline.Request{Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return messageOf(t, accepted.Event)
}

func messageOf(t *testing.T, event pipeline.Event) string {
	t.Helper()
	message, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return string(message)
}

func TestWorker_ReturnsOnlyMessagesToRetry(t *testing.T) {
	var w world
	good := sqsRecord("good", w.message(t, body), 1)
	down := w.worker()
	down.Worker.Bronze = downBucket{}
	for _, c := range []struct {
		worker        Worker
		records, want string
	}{
		{down, strings.TrimSuffix(good, "}") + `,"MESSAGEID":"x","BODY":"not JSON"}`,
			`{"batchItemFailures":[{"itemIdentifier":"good"}]}`},
		{down, good, `{"batchItemFailures":[{"itemIdentifier":"good"}]}`},
		{w.worker(), good + "," + sqsRecord("bad", "not JSON", 1), `{"batchItemFailures":[]}`},
		{w.worker(), "", `{"batchItemFailures":[]}`},
	} {
		got, err := c.worker.Invoke(t.Context(), []byte(`{"Records":[`+c.records+`]}`))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.records, got, err, c.want)
		}
	}
	deadLetters := w.deadLetters.Sent()
	if len(deadLetters) != 1 || string(deadLetters[0].Body) != "not JSON" {
		t.Errorf("the DLQ holds %v", deadLetters)
	}
}

func TestWorker_FailsForInvalidBatch(t *testing.T) {
	var w world
	for _, event := range []string{`[`, `{"Records":[{"messageId":"m"}]}`} {
		if _, err := w.worker().Invoke(t.Context(), []byte(event)); err == nil {
			t.Errorf("%s: no error", event)
		}
	}
}

func TestWorker_LogsOneLinePerDelivery(t *testing.T) {
	var w world
	good := w.message(t, body)
	down := w.worker()
	down.Worker.Bronze = downBucket{}
	var poisoned world
	older, err := porttest.AcceptOlder(t.Context(), poisoned.api().Ingest,
		[]byte(`{"eventType":"demo","n":1e999}`))
	if err != nil {
		t.Fatal(err)
	}
	poison := messageOf(t, older)
	for _, c := range []struct {
		worker  Worker
		records string
	}{
		{down, sqsRecord("a", good, 1)},
		{w.worker(), sqsRecord("a", good, 2) + "," + sqsRecord("b", "x", 1)},
		{w.worker(), sqsRecord("a", good, 3)},
		{poisoned.worker(), sqsRecord("c", poison, 1)},
		{poisoned.worker(), sqsRecord("c", poison, 2)},
	} {
		c.worker.Log = slog.New(slog.NewJSONHandler(&w.log, nil))
		_, err := c.worker.Invoke(t.Context(), []byte(`{"Records":[`+c.records+`]}`))
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for line := range bytes.Lines(w.log.Bytes()) {
		var entry struct{ Msg, MessageID, EventID, Code string }
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Msg == "batch done" {
			continue
		}
		got = append(got, strings.TrimSpace(entry.MessageID+" "+entry.Msg+" "+entry.Code))
	}
	want := "a event retried unavailable, a event processed, b event failed invalid-message, " +
		"a event already processed, c event failed unprocessable-number, c message out of date"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

// downBus is a bus whose requests fail.
type downBus struct{}

func (downBus) Publish(_ context.Context, notifications []pipeline.Notification) []error {
	return slices.Repeat([]error{errors.New("down")}, len(notifications))
}

func TestWorker_ReportsAFailureOnceIfTheBusIsDown(t *testing.T) {
	var w world
	older, err := porttest.AcceptOlder(t.Context(), w.api().Ingest,
		[]byte(`{"eventType":"demo","n":1e999}`))
	if err != nil {
		t.Fatal(err)
	}
	message := messageOf(t, older)
	for i, want := range []struct{ line, failed, retried string }{
		{`"msg":"event failed"`, `"Failed":1`, `"itemIdentifier":"a"`},
		{`"msg":"EventFailed not published"`, `"Retried":1`, `"itemIdentifier":"a"`},
		{`"msg":"message out of date"`, `"status":"FAILED"`, `{"batchItemFailures":[]}`},
	} {
		w.log.Reset()
		worker := w.worker()
		worker.Log = slog.New(slog.NewJSONHandler(&w.log, nil))
		if i < 2 {
			worker.Worker.Bus = downBus{}
		}
		response, err := worker.Invoke(t.Context(),
			[]byte(`{"Records":[`+sqsRecord("a", message, i+1)+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{want.line, want.failed, want.retried} {
			if !strings.Contains(w.log.String()+string(response), text) {
				t.Errorf("delivery %d: %s is missing in %s%s", i+1, text, w.log.String(), response)
			}
		}
	}
}

// filteringProcessor logs and filters each event.
type filteringProcessor struct{}

func (filteringProcessor) Process(
	ctx context.Context, event pipeline.Event, _ int, _ []byte,
) (pipeline.Output, error) {
	logging.FromContext(logging.WithEvent(ctx, event)).Info("seen")
	return pipeline.Output{Filtered: pipeline.Filtered{Code: "test-order", Reason: "why"}}, nil
}

func TestWorker_LogsProcessorsLinesWithEventID(t *testing.T) {
	var w world
	message := w.message(t, body)
	worker := w.worker()
	worker.Worker.Processor = filteringProcessor{}
	w.log.Reset()
	ctx := lambdacontext.NewContext(t.Context(),
		&lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	_, err := worker.Invoke(ctx, []byte(`{"Records":[`+sqsRecord("m", message, 1)+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range bytes.Lines(w.log.Bytes()) {
		var entry struct{ Msg, EventID, RequestID, Code string }
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Msg != "batch done" && !pipeline.ValidID(entry.EventID) ||
			entry.RequestID != "request-1" {
			t.Errorf("line = %s", line)
		}
		got = append(got, strings.TrimSpace(entry.Msg+" "+entry.Code))
	}
	if strings.Join(got, ", ") != "seen, event filtered test-order, batch done" {
		t.Errorf("got %v", got)
	}
}

type panickingProcessor struct{}

func (panickingProcessor) Process(
	context.Context, pipeline.Event, int, []byte,
) (pipeline.Output, error) {
	panic("a bug")
}

func TestWorker_LogsStackOfPanicInSeparateField(t *testing.T) {
	var w world
	message := w.message(t, body)
	worker := w.worker()
	worker.Worker.Processor = panickingProcessor{}
	w.log.Reset()
	_, err := worker.Invoke(t.Context(), []byte(`{"Records":[`+sqsRecord("m", message, 1)+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(w.log.Bytes(), []byte("\n"))
	var entry struct{ Msg, Error, Stack string }
	if err := json.Unmarshal(line, &entry); err != nil {
		t.Fatal(err)
	}
	if entry.Msg != "event retried" || strings.Contains(entry.Error, "\n") ||
		!strings.Contains(entry.Stack, "panickingProcessor.Process") {
		t.Errorf("line = %s", line)
	}
}
