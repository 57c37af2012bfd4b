package handler

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Reconciler handles invocations by the schedule and by operators.
type Reconciler struct {
	Reconciler   pipeline.Reconciler
	FunctionName string // dimension of the reconciler's metrics
	QueueName    string // dimension of the pipeline's metrics
	Log          *slog.Logger
}

// ReconcileRequest holds the request of an operator. The schedule sets no field: the reconciler
// then continues from its checkpoint.
type ReconcileRequest struct {
	Since  time.Time      `json:"since,omitzero"`  // replaces the checkpoint
	DryRun bool           `json:"dryRun,omitzero"` // change nothing
	Pass   *pipeline.Pass `json:"pass,omitempty"`  // continue the pass of an earlier response
}

// ReconcileResponse holds the report of a run. If Report.Done is false, another run must continue
// the work.
type ReconcileResponse struct {
	Report pipeline.Report `json:"report"`
	Pass   *pipeline.Pass  `json:"pass,omitempty"` // pass that the next request must continue
}

// Invoke makes one run. The run ends before the invocation times out.
func (h Reconciler) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	var req ReconcileRequest
	if err := jsonv2.Unmarshal(event, &req); err != nil {
		// The decoder's error can contain values of the request, so it is omitted.
		return nil, errors.New("read the request: since must be an RFC 3339 time, dryRun must be " +
			"a boolean, and pass must be copied from an earlier response")
	}
	start := time.Now()
	h.Reconciler.OnError = h.logNotReconciled
	resp, err := h.run(ctx, req)
	var lag []slog.Attr
	if scheduled := req == (ReconcileRequest{}); scheduled && err == nil {
		behind := resp.Report.Lag(h.Reconciler.Now())
		lag = append(lag, slog.Int(contract.MetricLag, int(behind.Seconds())))
	}
	h.logRun(ctx, resp.Report, time.Since(start), lag, err)
	if err != nil {
		return nil, err
	}
	return json.Marshal(resp)
}

func (h Reconciler) run(ctx context.Context, req ReconcileRequest) (ReconcileResponse, error) {
	r := h.Reconciler
	var pass pipeline.Pass
	switch {
	case req.Pass != nil:
		pass = *req.Pass
	case !req.Since.IsZero():
		pass = r.NewPass(req.Since)
	case req.DryRun:
		var err error
		if pass, err = r.NextPass(ctx); err != nil {
			return ReconcileResponse{}, err
		}
	default:
		report, err := r.Run(ctx)
		return ReconcileResponse{Report: report}, err
	}
	pass, report, err := r.RunPass(ctx, pass, req.DryRun)
	return ReconcileResponse{Report: report, Pass: &pass}, err
}

func (h Reconciler) logNotReconciled(ctx context.Context, event pipeline.Event, err error) {
	attrs := append(logging.EventAttrs(event), slog.Any(contract.FieldError, err))
	log := logging.WithInvocation(ctx, h.Log)
	log.LogAttrs(ctx, slog.LevelWarn, logging.EventNotReconciled, attrs...)
}

// logRun logs one line with the counts of a run. Except after a dry run, they are metrics:
//
//   - Each count is a metric of the function.
//   - The number of events that became FAILED is also added to the pipeline's metric Failed.
//   - The parameter lag holds the metric Lag after a successful scheduled run, and otherwise
//     nothing.
func (h Reconciler) logRun(
	ctx context.Context, r pipeline.Report, took time.Duration, lag []slog.Attr, err error,
) {
	log := logging.WithInvocation(ctx, h.Log)
	counts := []slog.Attr{
		slog.Int(contract.MetricScanned, r.Scanned),
		slog.Int(contract.MetricWaiting, r.Waiting),
		slog.Int(contract.MetricReenqueued, r.Reenqueued),
		slog.Int(contract.MetricGivenUp, r.GivenUp),
		slog.Int(contract.MetricRepaired, r.Repaired),
		slog.Int(contract.MetricOrphans, r.Orphans),
		slog.Int(contract.MetricOvertaken, r.Overtaken),
		slog.Int(contract.MetricErrors, r.Errors),
	}
	attrs := []slog.Attr{
		slog.Time("from", r.From), slog.Time("to", r.To),
		slog.Bool("done", r.Done), slog.Bool("dryRun", r.DryRun),
		slog.Int("AlreadyProcessed", r.Processed), slog.Int("AlreadyFailed", r.Failed),
		slog.Int("Young", r.Young), slog.Int64(contract.FieldDurationMs, took.Milliseconds()),
	}
	if r.DryRun {
		attrs = append(attrs, counts...)
	} else {
		log = atAnyLevel(log)
		attrs = append(attrs, metricAttrs(
			metricSet{
				dimension: contract.FunctionDimension, value: h.FunctionName,
				counts: append(counts, lag...),
			},
			pipelineMetrics(h.QueueName, slog.Int(contract.MetricFailed, r.GivenUp)))...)
	}
	level, message := slog.LevelInfo, logging.Reconciled
	if err != nil {
		level, message = slog.LevelError, logging.ReconciliationFailed
		attrs = append(attrs, slog.Any(contract.FieldError, err))
	} else if r.Errors > 0 {
		level = slog.LevelWarn
	}
	log.LogAttrs(ctx, level, message, attrs...)
}
