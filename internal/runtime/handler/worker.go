package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Worker is the Lambda handler behind the queue's event source mapping.
type Worker struct {
	Worker    pipeline.Worker
	QueueName string // the dimension of the pipeline's metrics
	Log       *slog.Logger
}

// sqsEvent is the part of an SQS event that is used.
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

// batchResponse lists the messages that stay on the queue (ReportBatchItemFailures).
type batchResponse struct {
	BatchItemFailures []itemFailure `json:"batchItemFailures"` // [] when all are done; null would be read as that, too, by accident
}

type itemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// Invoke processes one batch. Its error means that the batch could not be read; the queue then keeps all of it.
func (h Worker) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	var batch sqsEvent
	if err := json.Unmarshal(event, &batch); err != nil {
		return nil, fmt.Errorf("the invocation is not an SQS event: %w", err)
	}
	deliveries := make([]pipeline.Delivery, len(batch.Records))
	for i, r := range batch.Records {
		attempt, err := strconv.Atoi(r.Attributes.ApproximateReceiveCount)
		if err != nil {
			return nil, fmt.Errorf("message %s has no ApproximateReceiveCount", r.MessageID)
		}
		deliveries[i] = pipeline.Delivery{MessageID: r.MessageID, ReceiptHandle: r.ReceiptHandle, Attempt: attempt, Body: []byte(r.Body)}
	}

	ctx = logging.NewContext(ctx, logging.WithInvocation(ctx, h.Log))
	start := time.Now()
	answer := batchResponse{BatchItemFailures: []itemFailure{}}
	var tally tally
	for _, result := range h.Worker.Process(ctx, deliveries) {
		h.log(ctx, result, time.Since(start))
		tally.add(result)
		if result.Retry {
			answer.BatchItemFailures = append(answer.BatchItemFailures, itemFailure{result.Delivery.MessageID})
		}
	}
	h.logBatch(ctx, tally)
	return json.Marshal(answer)
}

// tally counts what became of a batch. Deliveries that changed nothing count as nothing.
type tally struct{ processed, failed, retried int }

func (t *tally) add(r pipeline.Result) {
	switch {
	case r.Skipped:
	case r.Err == nil:
		t.processed++
	case r.Retry:
		t.retried++
	default:
		t.failed++
	}
}

// logBatch writes the one line of a batch of which CloudWatch makes metrics, unless there is nothing to count.
func (h Worker) logBatch(ctx context.Context, t tally) {
	if t == (tally{}) {
		return
	}
	names := []string{contract.MetricProcessed, contract.MetricFailed, contract.MetricRetried}
	atAnyLevel(logging.WithInvocation(ctx, h.Log)).LogAttrs(ctx, slog.LevelInfo, logging.BatchDone,
		slog.Int(contract.MetricProcessed, t.processed), slog.Int(contract.MetricFailed, t.failed), slog.Int(contract.MetricRetried, t.retried),
		slog.String(contract.PipelineDimension, h.QueueName), embeddedMetrics(time.Now(), metricSet{contract.PipelineDimension, names}))
}

// log writes the one line that a delivery leaves.
func (h Worker) log(ctx context.Context, r pipeline.Result, batch time.Duration) {
	log := logging.FromContext(ctx)
	attrs := append(logging.EventAttrs(r.Event),
		slog.String("messageId", r.Delivery.MessageID),
		slog.Int("attempt", r.Delivery.Attempt),
		slog.Int64("batchMs", batch.Milliseconds()))
	switch {
	case r.Skipped && r.Status == pipeline.Processed:
		log.LogAttrs(ctx, slog.LevelInfo, logging.EventAlreadyProcessed, attrs...)
	case r.Skipped:
		log.LogAttrs(ctx, slog.LevelInfo, logging.MessageOutOfDate, append(attrs, slog.String("status", string(r.Status)))...)
	case r.Err == nil && r.Filtered != (pipeline.Filtered{}):
		log.LogAttrs(ctx, slog.LevelInfo, logging.EventFiltered, append(attrs, slog.String("code", r.Filtered.Code))...)
	case r.Err == nil:
		log.LogAttrs(ctx, slog.LevelInfo, logging.EventProcessed, attrs...)
	case r.Retry:
		attrs = append(attrs, slog.String("code", string(pipeline.ErrorCode(r.Err))), slog.Float64("retryInSeconds", r.RetryIn.Seconds()))
		log.LogAttrs(ctx, slog.LevelWarn, logging.EventRetried, append(attrs, errorAttrs(r.Err)...)...)
	default:
		attrs = append(attrs, slog.String("code", string(pipeline.ErrorCode(r.Err))))
		log.LogAttrs(ctx, slog.LevelError, logging.EventFailed, append(attrs, errorAttrs(r.Err)...)...)
	}
}

// errorAttrs are an error's text and, of a panic, the stack.
func errorAttrs(err error) []slog.Attr {
	attrs := []slog.Attr{slog.Any("error", err)}
	var panicked *pipeline.Panic
	if errors.As(err, &panicked) {
		attrs = append(attrs, slog.String("stack", panicked.Stack))
	}
	return attrs
}
