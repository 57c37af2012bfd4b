package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// reconcileFlags are the flags of reconcile.
type reconcileFlags struct {
	stack  stackFlags
	since  string
	dryRun bool
	asJSON bool
}

func newReconcileCommand() *cobra.Command {
	var flags reconcileFlags
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Find events that crashes left behind, and enqueue them again",
		Long: `Runs the pipeline's reconciler function until it is done, as its schedule does bit by bit.

It enqueues events again that are ENQUEUED but have no message any more, fails those for which it did so too often, and
makes FAILED events PROCESSED whose record is in Silver. It goes on from its checkpoint; with --since it looks at
everything that was received from then on. Events younger than the grace period are left alone.

Exits with 1 if some events could not be healed.`,
		Example: `  eventpipeline reconcile --dry-run
  eventpipeline reconcile --since 24h
  eventpipeline reconcile --stack event-driven-cloud-platform-dev --since 2026-11-01 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd) },
	}
	flags.stack.add(cmd)
	cmd.Flags().Var(newRequiredValue(&flags.since), "since", "look at what was received from then on: 2026-11-23T07:30:00Z, 2026-11-23, or 24h, 7d ago")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "change nothing, and say what would be done")
	cmd.Flags().BoolVar(&flags.asJSON, "json", false, "print the report as one line of JSON")
	return cmd
}

func (f *reconcileFlags) run(cmd *cobra.Command) error {
	request := handler.ReconcileRequest{DryRun: f.dryRun}
	if f.since != "" {
		now := time.Now()
		since, err := parseTime(f.since, now)
		if err != nil {
			return usageError{fmt.Errorf("--since: %w", err)}
		}
		if since.After(now) {
			return usageError{fmt.Errorf("--since is %s, which is yet to come", since.Format(time.RFC3339))}
		}
		request.Since = since
	}
	r, err := f.stack.open(cmd.Context())
	if err != nil {
		return err
	}
	if err := r.need("ReconcilerFunctionName"); err != nil {
		return err
	}
	total, err := reconcile(cmd.Context(), r, request)
	if err != nil {
		return err
	}
	if f.asJSON {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(total)
	} else {
		err = printReport(cmd.OutOrStdout(), total)
	}
	if err == nil && total.Errors > 0 {
		return fmt.Errorf("%d events could not be healed; the log of %s has the causes", total.Errors, r.outputs["ReconcilerFunctionName"])
	}
	return err
}

// reconcile invokes the function until it is done, and adds up what it reports.
func reconcile(ctx context.Context, r resources, request handler.ReconcileRequest) (pipeline.Report, error) {
	total := pipeline.Report{DryRun: request.DryRun}
	for {
		answer, err := invokeReconciler(ctx, r, request)
		if err != nil {
			return total, err
		}
		add(&total, answer.Report)
		if total.Done {
			return total, nil
		}
		if answer.Report.Scanned == 0 {
			return total, errors.New("the reconciler makes no headway: raise ReconcilerTimeout")
		}
		request = handler.ReconcileRequest{DryRun: request.DryRun, Pass: answer.Pass}
	}
}

func invokeReconciler(ctx context.Context, r resources, request handler.ReconcileRequest) (handler.ReconcileAnswer, error) {
	payload, err := json.Marshal(request)
	if err != nil {
		return handler.ReconcileAnswer{}, err
	}
	name := r.outputs["ReconcilerFunctionName"]
	// A run can't be told from its retry, and a second one at the same time would only do the same work.
	client := lambda.NewFromConfig(r.Config, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
	out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &name, Payload: payload})
	if err != nil {
		return handler.ReconcileAnswer{}, fmt.Errorf("invoke %s: %w", name, err)
	}
	if out.FunctionError != nil {
		return handler.ReconcileAnswer{}, fmt.Errorf("%s failed: %s", name, out.Payload)
	}
	var answer handler.ReconcileAnswer
	if err := json.Unmarshal(out.Payload, &answer); err != nil {
		return handler.ReconcileAnswer{}, fmt.Errorf("read the answer of %s: %w", name, err)
	}
	return answer, nil
}

func add(total *pipeline.Report, part pipeline.Report) {
	if total.From.IsZero() {
		total.From = part.From
	}
	total.To, total.Done = part.To, part.Done
	total.Scanned += part.Scanned
	total.Processed += part.Processed
	total.Failed += part.Failed
	total.Waiting += part.Waiting
	total.Young += part.Young
	total.Reenqueued += part.Reenqueued
	total.GivenUp += part.GivenUp
	total.Repaired += part.Repaired
	total.Orphans += part.Orphans
	total.Overtaken += part.Overtaken
	total.Errors += part.Errors
}

func printReport(w io.Writer, r pipeline.Report) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, n int, what string) { fmt.Fprintf(table, "%s\t%d\t%s\n", name, n, what) }
	fmt.Fprintf(table, "received\t\tfrom %s to %s\n", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	row("scanned", r.Scanned, "objects in Bronze")
	row("processed", r.Processed, "events")
	row("failed", r.Failed, "events that stay so; see: eventpipeline dlq list")
	row("waiting", r.Waiting, "events, their messages are on the queue or too young to tell")
	if r.Young > 0 {
		row("young", r.Young, "objects whose request may still be under way")
	}
	would := ""
	if r.DryRun {
		would = "would be "
	}
	row("stuck", r.Reenqueued, would+"enqueued again")
	row("hopeless", r.GivenUp, would+"FAILED: they got stuck again and again")
	row("repaired", r.Repaired, would+"PROCESSED: FAILED, but their record is in Silver")
	row("orphans", r.Orphans, "objects of requests that were never acknowledged")
	if r.Overtaken > 0 {
		row("overtaken", r.Overtaken, "events that somebody else moved meanwhile; run it again to see")
	}
	if r.Errors > 0 {
		row("errors", r.Errors, "events that could not be healed")
	}
	return table.Flush()
}
