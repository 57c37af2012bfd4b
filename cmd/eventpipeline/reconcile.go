package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/replay"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/timeflag"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

type reconcileFlags struct {
	stack  stackFlags
	since  string
	dryRun bool
	asJSON bool
}

func newReconcileCommand() *cobra.Command {
	var f reconcileFlags
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Find stuck events and enqueue them again",
		Long: `Invokes the reconciler function of the pipeline until the function has checked
all events. A schedule also invokes the function. A scheduled invocation checks
a part of the events.

If the message of an ENQUEUED event is lost, the reconciler enqueues the event
again. If it has enqueued an event too often, it sets the event FAILED. If the
record of a FAILED event is in Silver, it sets the event PROCESSED. It skips
events that are younger than the grace period. It continues from its checkpoint;
with --since it checks all events received since that time. In the printed
numbers, a batch counts as one event, and so does each part that was split off.

Exits with 1 if events could not be reconciled.`,
		Example: `  eventpipeline reconcile --dry-run
  eventpipeline reconcile --since 24h --json
  eventpipeline reconcile --stack event-driven-cloud-platform-dev`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.stack.add(cmd)
	flags := cmd.Flags()
	addRequiredValue(flags, &f.since, "since",
		"check events received since then: 2026-11-23T07:30:00Z, 2026-11-23, 24h or 7d")
	flags.BoolVar(&f.dryRun, "dry-run", false, "change nothing, and print what would change")
	flags.BoolVar(&f.asJSON, "json", false, "print the report as one line of JSON")
	return cmd
}

func (f *reconcileFlags) run(cmd *cobra.Command) error {
	request := handler.ReconcileRequest{DryRun: f.dryRun}
	if f.since != "" {
		now := time.Now()
		since, err := timeflag.Parse(f.since, now)
		if err != nil {
			return usageErrorf("--since: %w", err)
		}
		if since.After(now) {
			return usageErrorf("--since must be in the past, got %s", since.Format(time.RFC3339))
		}
		request.Since = since
	}
	p, err := f.stack.find(cmd.Context())
	if err != nil {
		return err
	}
	announce(cmd, p)
	total, err := reconcile(cmd.Context(), p, request)
	if err != nil {
		return err
	}
	if f.asJSON {
		err = printJSON(cmd.OutOrStdout(), total)
	} else {
		err = printReport(cmd.OutOrStdout(), total, suggestCommand("dlq list", f.stack.String()))
	}
	if err == nil && total.Errors > 0 {
		return fmt.Errorf("%s could not be reconciled; see the log of function %s",
			formatCount(total.Errors, "event"), p.ReconcilerFunction)
	}
	return err
}

// reconcile invokes the reconciler function until it has checked all events. It returns the sum of
// all reports.
func reconcile(
	ctx context.Context, p deployment.Pipeline, request handler.ReconcileRequest,
) (pipeline.Report, error) {
	total := pipeline.Report{DryRun: request.DryRun}
	for {
		response, err := invokeReconciler(ctx, p, request)
		if err != nil {
			return total, err
		}
		addReport(&total, response.Report)
		if total.Done {
			return total, nil
		}
		if response.Report.Scanned == 0 {
			return total, errors.New(
				"the reconciler makes no progress: raise ReconcilerFunction.Timeout")
		}
		request = handler.ReconcileRequest{DryRun: request.DryRun, Pass: response.Pass}
	}
}

func invokeReconciler(
	ctx context.Context, p deployment.Pipeline, request handler.ReconcileRequest,
) (response handler.ReconcileResponse, err error) {
	payload, err := json.Marshal(request)
	if err != nil {
		return response, err
	}
	name := p.ReconcilerFunction
	// The client must not retry: a retry starts a second run, although the first can still be
	// running.
	client := lambda.NewFromConfig(p.Config, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
	out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &name, Payload: payload})
	if err != nil {
		return response, fmt.Errorf("invoke %s: %w", name, err)
	}
	if out.FunctionError != nil {
		return response, fmt.Errorf("%s failed: %s", name, out.Payload)
	}
	if err := jsonv2.Unmarshal(out.Payload, &response); err != nil {
		return response, fmt.Errorf("read the response of %s: %w", name, err)
	}
	return response, nil
}

func addReport(total *pipeline.Report, part pipeline.Report) {
	if total.From.IsZero() {
		total.From = part.From
	}
	total.To, total.Done = part.To, part.Done
	replay.AddInts(total, part)
}

func printReport(w io.Writer, r pipeline.Report, listCommand string) error {
	table := tty.NewTable(w)
	table.Row("received", "",
		fmt.Sprintf("from %s to %s", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339)))
	table.Row("scanned", r.Scanned, "objects in Bronze, and parts of batches")
	table.Row("processed", r.Processed, "events; a batch or a part of it counts as one")
	table.Row("failed", r.Failed, "events that stay FAILED; see: "+listCommand)
	table.Row("waiting", r.Waiting, "events with a message on the queue, or too young to check")
	if r.Young > 0 {
		table.Row("young", r.Young, "objects whose request may still be running")
	}
	would := ""
	if r.DryRun {
		would = "would be "
	}
	table.Row("stuck", r.Reenqueued, would+"enqueued again")
	table.Row("given up", r.GivenUp, would+"FAILED: they were enqueued again too often")
	table.Row("repaired", r.Repaired, would+"PROCESSED: their record is in Silver")
	table.Row("orphans", r.Orphans, "objects of requests that were never acknowledged")
	if r.Overtaken > 0 {
		table.Row("overtaken", r.Overtaken, "events that changed meanwhile; run the command again")
	}
	if r.Errors > 0 {
		table.Row("errors", r.Errors, "events that could not be reconciled")
	}
	return table.Flush()
}
