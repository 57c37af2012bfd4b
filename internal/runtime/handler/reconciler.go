package handler

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Reconciler is the Lambda handler that a schedule, or an operator, invokes.
type Reconciler struct {
	Reconciler   pipeline.Reconciler
	FunctionName string // the dimension of its metrics
	QueueName    string // the dimension of the pipeline's metrics
	Log          *slog.Logger
}

// ReconcileRequest is what an operator asks for. A schedule's event has none of it: go on from the checkpoint.
type ReconcileRequest struct {
	Since  time.Time      `json:"since,omitzero"`  // look at what was received from then on, whatever the checkpoint says
	DryRun bool           `json:"dryRun,omitzero"` // change nothing
	Pass   *pipeline.Pass `json:"pass,omitempty"`  // go on with the pass of an earlier answer
}

// ReconcileAnswer is what was found and done. While Report.Done is false there is more to do.
type ReconcileAnswer struct {
	Report pipeline.Report `json:"report"`
	Pass   *pipeline.Pass  `json:"pass,omitempty"` // to go on with; none when the checkpoint knows
}

// Invoke makes one run, as far as the invocation's time goes.
func (h Reconciler) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	var req ReconcileRequest
	if err := json.Unmarshal(event, &req); err != nil {
		// The cause would repeat what was sent.
		return nil, errors.New("the invocation is no request to reconcile: since is a time as of RFC 3339, dryRun true or false")
	}
	start := time.Now()
	h.Reconciler.OnError = h.unhealed
	answer, err := h.run(ctx, req)
	h.log(ctx, answer.Report, time.Since(start), err)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

func (h Reconciler) run(ctx context.Context, req ReconcileRequest) (ReconcileAnswer, error) {
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
			return ReconcileAnswer{}, err
		}
	default:
		report, err := r.Run(ctx)
		return ReconcileAnswer{Report: report}, err
	}
	pass, report, err := r.Sweep(ctx, pass, req.DryRun)
	return ReconcileAnswer{Report: report, Pass: &pass}, err
}

// unhealed writes the line that an event leaves which could not be healed.
func (h Reconciler) unhealed(ctx context.Context, event pipeline.Event, err error) {
	logging.WithInvocation(ctx, h.Log).LogAttrs(ctx, slog.LevelWarn, logging.EventNotHealed, append(logging.EventAttrs(event), slog.Any("error", err))...)
}

var reconcilerMetrics = []string{
	contract.MetricScanned, contract.MetricWaiting, contract.MetricReenqueued, contract.MetricGivenUp,
	contract.MetricRepaired, contract.MetricOrphans, contract.MetricOvertaken, contract.MetricUnhealed,
}

// log writes the one line that a run leaves. CloudWatch makes metrics of it, unless nothing was done: the function's own,
// and the pipeline's Failed of those given up.
func (h Reconciler) log(ctx context.Context, r pipeline.Report, took time.Duration, err error) {
	attrs := []slog.Attr{
		slog.Time("from", r.From), slog.Time("to", r.To), slog.Bool("done", r.Done), slog.Bool("dryRun", r.DryRun),
		slog.Int("AlreadyProcessed", r.Processed), slog.Int("AlreadyFailed", r.Failed),
		slog.Int("Young", r.Young),
		slog.Int(contract.MetricScanned, r.Scanned),
		slog.Int(contract.MetricWaiting, r.Waiting),
		slog.Int(contract.MetricReenqueued, r.Reenqueued),
		slog.Int(contract.MetricGivenUp, r.GivenUp),
		slog.Int(contract.MetricRepaired, r.Repaired),
		slog.Int(contract.MetricOrphans, r.Orphans),
		slog.Int(contract.MetricOvertaken, r.Overtaken),
		slog.Int(contract.MetricUnhealed, r.Errors),
		slog.Int64("durationMs", took.Milliseconds()),
	}
	log := logging.WithInvocation(ctx, h.Log)
	if !r.DryRun {
		attrs = append(attrs, slog.Int(contract.MetricFailed, r.GivenUp),
			slog.String(contract.FunctionDimension, h.FunctionName), slog.String(contract.PipelineDimension, h.QueueName),
			embeddedMetrics(time.Now(), metricSet{contract.FunctionDimension, reconcilerMetrics}, metricSet{contract.PipelineDimension, []string{contract.MetricFailed}}))
		log = atAnyLevel(log)
	}
	switch {
	case err != nil:
		log.LogAttrs(ctx, slog.LevelError, logging.ReconciliationFailed, append(attrs, slog.Any("error", err))...)
	case r.Errors > 0:
		log.LogAttrs(ctx, slog.LevelWarn, logging.Reconciled, attrs...)
	default:
		log.LogAttrs(ctx, slog.LevelInfo, logging.Reconciled, attrs...)
	}
}
