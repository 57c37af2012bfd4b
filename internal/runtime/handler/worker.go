package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Worker handles the messages from the queue's event source mapping.
type Worker struct {
	Worker    pipeline.Worker
	QueueName string // dimension of the pipeline's metrics
	Log       *slog.Logger
}

// sqsEvent holds the fields of an SQS event that the handler reads.
type sqsEvent struct {
	Records []struct {
		MessageID     string `json:"messageId"`
		ReceiptHandle string `json:"receiptHandle"`
		Body          string `json:"body"`
		Attributes    struct {
			ApproximateReceiveCount string `json:"ApproximateReceiveCount"`
		} `json:"attributes"`
	} `json:"Records"`
}

// batchResponse lists the messages that SQS must deliver again. Lambda reads the list if the event
// source mapping sets ReportBatchItemFailures.
type batchResponse struct {
	BatchItemFailures []itemFailure `json:"batchItemFailures"` // never null
}

type itemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// Invoke processes the messages of one invocation. If it returns an error, SQS delivers all
// messages of the invocation again.
func (h Worker) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	var messages sqsEvent
	if err := jsonv2.Unmarshal(event, &messages, jsontext.AllowInvalidUTF8(true)); err != nil {
		return nil, fmt.Errorf("read the SQS event: %w", err)
	}
	deliveries := make([]pipeline.Delivery, len(messages.Records))
	for i, r := range messages.Records {
		attempt, err := strconv.Atoi(r.Attributes.ApproximateReceiveCount)
		if err != nil {
			return nil, fmt.Errorf("message %s: ApproximateReceiveCount must be a number, got %q",
				r.MessageID, r.Attributes.ApproximateReceiveCount)
		}
		deliveries[i] = pipeline.Delivery{
			MessageID:     r.MessageID,
			ReceiptHandle: r.ReceiptHandle,
			Attempt:       attempt,
			Body:          []byte(r.Body),
		}
	}

	ctx = logging.NewContext(ctx, logging.WithInvocation(ctx, h.Log))
	start := time.Now()
	resp := batchResponse{BatchItemFailures: []itemFailure{}}
	var counts invocationCounts
	for _, result := range h.Worker.Process(ctx, deliveries) {
		logResult(ctx, result, time.Since(start))
		logSplitOff(ctx, result)
		counts.add(result)
		if result.Retry {
			failure := itemFailure{result.Delivery.MessageID}
			resp.BatchItemFailures = append(resp.BatchItemFailures, failure)
		}
	}
	h.logCounts(ctx, counts)
	return json.Marshal(resp)
}

// invocationCounts counts the results of an invocation. It does not count skipped deliveries.
type invocationCounts struct{ processed, failed, retried int }

func (c *invocationCounts) add(r pipeline.Result) {
	for _, part := range r.SplitOff {
		if part.Err != nil {
			c.failed++
		}
	}
	switch {
	case r.Skipped && r.Retry: // only EventFailed is missing
		c.retried++
	case r.Skipped:
	case r.Err == nil:
		c.processed += r.Events
	case r.Retry && r.Status != pipeline.Failed:
		c.retried++
	default:
		c.failed += r.Event.Events()
	}
}

// logCounts logs the metrics of an invocation. It logs nothing if all metrics are zero.
func (h Worker) logCounts(ctx context.Context, c invocationCounts) {
	if c == (invocationCounts{}) {
		return
	}
	attrs := metricAttrs(pipelineMetrics(h.QueueName,
		slog.Int(contract.MetricProcessed, c.processed),
		slog.Int(contract.MetricFailed, c.failed),
		slog.Int(contract.MetricRetried, c.retried),
	))
	atAnyLevel(logging.FromContext(ctx)).LogAttrs(ctx, slog.LevelInfo, logging.BatchDone, attrs...)
}

// logSplitOff logs one line for each part that was split off the batch.
func logSplitOff(ctx context.Context, r pipeline.Result) {
	for _, part := range r.SplitOff {
		level, message := slog.LevelInfo, logging.EventSplitOff
		attrs := logging.EventAttrs(part.Event)
		if part.Err != nil {
			level, message = slog.LevelError, logging.EventFailed
			attrs = append(attrs, codeAttr(part.Err))
			attrs = append(attrs, errorAttrs(part.Err)...)
		}
		logging.FromContext(ctx).LogAttrs(ctx, level, message, attrs...)
	}
}

// logResult logs one line per delivery.
func logResult(ctx context.Context, r pipeline.Result, took time.Duration) {
	level, message := slog.LevelInfo, ""
	attrs := append(logging.EventAttrs(r.Event),
		slog.String(contract.FieldMessageID, r.Delivery.MessageID),
		slog.Int(contract.FieldAttempt, r.Delivery.Attempt),
		slog.Int64(contract.FieldBatchMs, took.Milliseconds()))
	switch {
	case r.Skipped && r.Retry:
		level, message = slog.LevelWarn, logging.EventFailedNotPublished
	case r.Skipped && r.Status == pipeline.Processed:
		message = logging.EventAlreadyProcessed
	case r.Skipped:
		message = logging.MessageOutOfDate
		attrs = append(attrs, slog.String("status", string(r.Status)))
	case r.Err == nil && r.Filtered != (pipeline.Filtered{}):
		message = logging.EventFiltered
		attrs = append(attrs, slog.String(contract.FieldCode, r.Filtered.Code))
	case r.Err == nil:
		message = logging.EventProcessed
		if splitOff := r.Event.Events() - r.Events; splitOff > 0 {
			attrs = append(attrs, slog.Int(contract.FieldSplitOff, splitOff))
		}
	case r.Retry && r.Status != pipeline.Failed:
		level, message = slog.LevelWarn, logging.EventRetried
	default:
		level, message = slog.LevelError, logging.EventFailed
	}
	if r.Err != nil {
		attrs = append(attrs, codeAttr(r.Err))
		attrs = append(attrs, errorAttrs(r.Err)...)
	}
	if r.Retry {
		attrs = append(attrs, slog.Float64(contract.FieldRetryInSeconds, r.RetryIn.Seconds()))
	}
	logging.FromContext(ctx).LogAttrs(ctx, level, message, attrs...)
}

func codeAttr(err error) slog.Attr {
	return slog.String(contract.FieldCode, string(pipeline.ErrorCode(err)))
}

// errorAttrs returns log attributes with the text of err and, after a panic, the stack.
func errorAttrs(err error) []slog.Attr {
	attrs := []slog.Attr{slog.Any(contract.FieldError, err)}
	var panicked *pipeline.Panic
	if errors.As(err, &panicked) {
		attrs = append(attrs, slog.String(contract.FieldStack, panicked.Stack))
	}
	return attrs
}
