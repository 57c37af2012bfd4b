package cost

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Quota compares the peak rate of a workload with a limit of AWS or of the pipeline's settings.
type Quota struct {
	Name   string  `json:"name"`
	Limit  float64 `json:"limit"`
	Used   float64 `json:"used"`   // at the peak rate
	Events float64 `json:"events"` // events per second at which the limit is reached
	Raise  string  `json:"raise"`  // what to do to raise the limit
}

// Default quotas of an account in us-east-1.
const (
	apiRequestsPerSecond   = 10_000
	lambdaConcurrency      = 1_000
	s3PutsPerSecond        = 3_500 // per partitioned prefix
	s3GetsPerSecond        = 5_500 // per partitioned prefix
	dynamoDBWritesPerTable = 40_000
	messagesInFlight       = 120_000
	putEventsPerSecond     = 10_000
	kmsRequestsPerSecond   = 100_000
)

// Quotas returns the limits of AWS and of the pipeline, in the order in which a growing workload
// reaches them. The model assumes a backlog: each invocation of the worker has BatchSize messages.
func (p Pipeline) Quotas(w Workload, measured Durations) []Quota {
	n, types := float64(w.PerRequest), float64(w.Types)
	requests := w.EventsPerSecond() * w.Peak / n
	api := p.apiDuration(w, measured)
	worker := p.workerDuration(w, p.Source.BatchSize, measured)
	invocations := requests / p.Source.BatchSize
	putEvents := WorkerCalls(p.Source.BatchSize, w.PerRequest, p.Notifications).PutEvents /
		p.Source.BatchSize

	all := []Quota{
		{Name: "Stage throttle", Limit: p.APIThrottle, Used: requests,
			Raise: "set ThrottlingRateLimit, or send more events per request"},
		{Name: "API Gateway requests/s", Limit: apiRequestsPerSecond, Used: requests,
			Raise: "send more events per request, or request a quota increase (Throttle rate)"},
		{Name: "Worker concurrency", Limit: p.Source.MaxConcurrency, Used: invocations * worker,
			Raise: p.raiseWorker()},
		{Name: "API reserved concurrency", Limit: p.API.Reserved, Used: requests * api,
			Raise: "set ApiFunction.ReservedConcurrentExecutions"},
		{Name: "Lambda concurrency", Limit: lambdaConcurrency,
			Used:  requests*api + invocations*worker,
			Raise: "request a quota increase (Concurrent executions)"},
		{Name: "S3 PUT/s per type", Limit: s3PutsPerSecond, Used: requests / types,
			Raise: "send more events per request, or use more event types"},
		{Name: "S3 GET/s per type", Limit: s3GetsPerSecond, Used: requests / types,
			Raise: "send more events per request, or use more event types"},
		{Name: "DynamoDB writes/s", Limit: dynamoDBWritesPerTable, Used: 2 * requests,
			Raise: "request a quota increase (Table-level write throughput limit)"},
		{Name: "SQS messages in flight", Limit: messagesInFlight, Used: requests * worker,
			Raise: "make the processor faster, or ask AWS Support for a higher quota"},
		{Name: "EventBridge PutEvents/s", Limit: putEventsPerSecond, Used: requests * putEvents,
			Raise: "set Notifications to PER_BATCH, or request a quota increase (PutEvents)"},
		{Name: "KMS requests/s", Limit: kmsRequestsPerSecond, Used: requests * p.kmsRequests(),
			Raise: "switch on the bucket key of the bucket"},
		{Name: "Reconciler checks/s", Limit: p.reconcilerRate(), Used: requests,
			Raise: "set a shorter ReconcilerInterval, or send more events per request"},
	}
	quotas := slices.DeleteFunc(all, func(q Quota) bool { return q.Limit == 0 || q.Used == 0 })
	for i := range quotas {
		quotas[i].Events = w.EventsPerSecond() * w.Peak * quotas[i].Limit / quotas[i].Used
	}
	slices.SortStableFunc(quotas, func(a, b Quota) int { return cmp.Compare(a.Events, b.Events) })
	return quotas
}

func (p Pipeline) raiseWorker() string {
	if p.Source.Provisioned {
		return "set MaximumPollers"
	}
	return fmt.Sprintf("set MaxConcurrency (now %g) or BatchSize", p.Source.MaxConcurrency)
}

// reconcilerRate returns how many new objects per second the reconciler can check. The model
// assumes hourly passes that check each object twice: in the hour in which it was stored, and in
// the next.
func (p Pipeline) reconcilerRate() float64 {
	if p.Reconciler == nil || p.ReconcileInterval == 0 {
		return 0
	}
	duration := p.Reconciler.Timeout - pipeline.ReconcilerStopBefore.Seconds()
	share := min(1, duration/p.ReconcileInterval)
	return checksPerSecond / p.Reconciler.slowdown() * share / 2
}
