package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/cost"
)

type costFlags struct {
	source        costSource
	events        eventRate
	workload      cost.Workload
	prices        string
	notifications string
	api, worker   time.Duration
	asJSON        bool
}

func newCostCommand() *cobra.Command {
	f := costFlags{events: 10e6}
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "Estimate the costs and the limits of a pipeline",
		Long: `Estimates what a pipeline costs on AWS, and which quota the
pipeline reaches first. Run the command in the folder of the CDK app.

The command synthesizes the app and reads the pipeline's settings from the
template: memory, notifications, keys, tracing, logs, lifecycle rules, backups,
alarms. With --stack it reads the template of a deployed stack instead.

The prices are list prices, without free tiers, discounts and taxes. The command
prints the date of the prices. --prices names a file with the prices of another
region, in the format of internal/cli/cost/prices.json. Costs of your own code
are not included: calls of the processor, targets of rules, NAT gateways.

The durations of the functions come from a model. Set --api-duration and
--worker-duration to the values that CloudWatch shows for your functions.`,
		Example: `  eventpipeline cost --events 50M/month
  eventpipeline cost --events 2000/s --per-request 100 --bytes 800
  eventpipeline cost --events 50M/month --per-request 100 --peak 5 --types 4
  eventpipeline cost --per-request 100 --notifications PER_BATCH
  eventpipeline cost --stack event-driven-cloud-platform-prod --events 1M/day
  eventpipeline cost --stage dev --prices eu-west-1.json --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.source.add(cmd)
	flags := cmd.Flags()
	flags.Var(&f.events, "events", "number of events: a number such as 50M or 200k, and the "+
		"period /s, /hour, /day or /month")
	flags.IntVar(&f.workload.PerRequest, "per-request", 1,
		"number of events in a request, all of one type")
	flags.IntVar(&f.workload.Bytes, "bytes", 800, "mean size of an event")
	flags.Float64Var(&f.workload.Peak, "peak", 1, "peak rate as a multiple of the mean rate")
	flags.IntVar(&f.workload.Types, "types", 1,
		"number of event types; each has the same share of the events")
	flags.StringVar(&f.notifications, "notifications", "",
		"PER_EVENT, PER_BATCH or NONE (default: as in the template)")
	flags.DurationVar(&f.api, "api-duration", 0, "duration of the API function per request")
	flags.DurationVar(&f.worker, "worker-duration", 0, "duration of the worker per invocation")
	addRequiredValue(flags, &f.prices, "prices", "JSON file with the prices of a region")
	flags.BoolVar(&f.asJSON, "json", false, "print the estimate and all limits as JSON")
	return cmd
}

func (f *costFlags) run(cmd *cobra.Command) error {
	if err := f.check(); err != nil {
		return usageError{err}
	}
	prices := cost.DefaultPrices()
	if f.prices != "" {
		content, err := os.ReadFile(f.prices)
		if err == nil {
			prices, err = cost.ReadPrices(content)
		}
		if err != nil {
			return usageErrorf("read --prices %s: %w", f.prices, err)
		}
	}
	p, err := f.source.find(cmd)
	if err != nil {
		return err
	}
	if limit := p.MaxPayloadBytes; limit > 0 && f.workload.RequestBytes() > limit {
		return usageErrorf("a request must have at most %.0f bytes (MaxPayloadBytes), got %.0f: "+
			"lower --per-request or --bytes", limit, f.workload.RequestBytes())
	}
	if f.notifications != "" {
		p.Notifications = cost.Notifications(f.notifications)
	}
	f.workload.EventsPerMonth = float64(f.events)
	measured := cost.Durations{API: f.api.Seconds(), Worker: f.worker.Seconds()}
	report := costReport{
		Pipeline: p.Name, Notifications: p.Notifications, Workload: f.workload,
		EventsPerSecond: f.workload.EventsPerSecond(), Region: prices.Region,
		PricesOf: prices.Date, NotInTemplate: p.Unknown, NotPriced: p.NotPriced(),
		Estimate: p.Estimate(f.workload, prices, measured),
		Limits:   p.Quotas(f.workload, measured),
	}
	if f.asJSON {
		return printJSON(cmd.OutOrStdout(), report)
	}
	return report.print(cmd.OutOrStdout())
}

func (f *costFlags) check() error {
	w := f.workload
	switch n := cost.Notifications(f.notifications); {
	case w.PerRequest < 1 || w.PerRequest > client.MaxBatchEvents:
		return fmt.Errorf("--per-request must be from 1 to %d, got %d", client.MaxBatchEvents,
			w.PerRequest)
	case w.Bytes < 1:
		return fmt.Errorf("--bytes must be at least 1, got %d", w.Bytes)
	case !(w.Peak >= 1 && w.Peak <= 1000):
		return fmt.Errorf("--peak must be from 1 to 1000, got %g", w.Peak)
	case w.Types < 1:
		return fmt.Errorf("--types must be at least 1, got %d", w.Types)
	case f.api < 0 || f.worker < 0:
		return fmt.Errorf("--api-duration and --worker-duration must be at least 0, got %s and %s",
			f.api, f.worker)
	case n != "" && n != cost.PerEvent && n != cost.PerBatch && n != cost.None:
		return fmt.Errorf("--notifications must be PER_EVENT, PER_BATCH or NONE, got %q", n)
	}
	return nil
}
