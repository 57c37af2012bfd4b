package cost

import (
	"fmt"
	"math"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Estimate holds the costs of a pipeline in USD, without free tiers and discounts.
type Estimate struct {
	Calls    Calls     `json:"callsPerRequest"` // of the functions, for one request
	Duration Durations `json:"durationSeconds"`
	Messages float64   `json:"messagesPerInvocation"`

	Requests  []Line `json:"requests"`  // per million events: requests and compute of the data path
	Operation []Line `json:"operation"` // per million events: all other costs per event
	Fixed     []Line `json:"fixed"`     // per month, even without events
	Storage   []Line `json:"storage"`   // per month: of one month's events, in their first month

	RequestsPerMillion float64 `json:"requestsPerMillion"`
	TotalPerMillion    float64 `json:"totalPerMillion"` // requests and operation
	BillPerMillion     float64 `json:"billPerMillion"`  // the first month's bill per million events
	FirstMonth         float64 `json:"firstMonth"`      // the bill of the first month
	TwelfthMonth       float64 `json:"twelfthMonth"`    // the bill of the twelfth month
}

// Line holds the cost of one service or feature.
type Line struct {
	Name string  `json:"name"`
	USD  float64 `json:"usd"`
}

const million = 1e6

// estimator collects the inputs of an estimate.
type estimator struct {
	Pipeline
	Workload
	Prices
	perMillion  float64 // requests per million events
	messages    float64 // messages per invocation of the worker
	durations   Durations
	calls       Calls   // calls of the functions for one request
	invocations float64 // invocations of the worker per million events
}

// Estimate returns the costs of the pipeline for a workload.
func (p Pipeline) Estimate(w Workload, prices Prices, measured Durations) Estimate {
	e := estimator{Pipeline: p, Workload: w, Prices: prices}
	e.perMillion = million / float64(w.PerRequest)
	rate := w.EventsPerSecond() / float64(w.PerRequest)
	e.messages = p.messagesPerInvocation(w, rate, measured)
	e.invocations = e.perMillion / e.messages
	e.durations = Durations{
		API: p.apiDuration(w, measured), Worker: p.workerDuration(w, e.messages, measured),
	}
	worker := WorkerCalls(e.messages, w.PerRequest, p.Notifications)
	e.calls = APICalls().plus(worker.Times(1 / e.messages))
	result := Estimate{
		Calls: e.calls, Duration: e.durations,
		Messages: e.messages, Requests: e.requestLines(), Operation: e.operationLines(),
		Fixed:   e.fixedLines(),
		Storage: e.storageLines(0),
	}
	result.RequestsPerMillion = sum(result.Requests)
	result.TotalPerMillion = result.RequestsPerMillion + sum(result.Operation)
	running := result.TotalPerMillion*w.EventsPerMonth/million + sum(result.Fixed)
	result.FirstMonth = running + sum(result.Storage)
	result.BillPerMillion = result.FirstMonth / w.EventsPerMonth * million
	result.TwelfthMonth = running
	for age := range 12 {
		result.TwelfthMonth += sum(e.storageLines(age))
	}
	return result
}

func sum(lines []Line) (total float64) {
	for _, line := range lines {
		total += line.USD
	}
	return total
}

// Units in which services bill requests, in bytes.
const (
	apiUnit   = 512 << 10
	writeUnit = 1 << 10
)

func (e estimator) requestLines() []Line {
	apiUnits := math.Ceil(e.RequestBytes() / apiUnit)
	writes := e.calls.WriteItem * math.Ceil(Item/writeUnit)
	return []Line{
		{"API Gateway", e.APIRequests * apiUnits * e.perMillion / million},
		{"Lambda", e.lambdaPrice(e.API, e.perMillion, e.durations.API) +
			e.lambdaPrice(e.Worker, e.invocations, e.durations.Worker)},
		{"S3", (e.S3Puts*e.calls.PutObject + e.S3Gets*e.calls.GetObject) * e.perMillion / million},
		{"DynamoDB", (e.DynamoDBWrites*writes + e.DynamoDBReads) * e.perMillion / million},
		{"SQS", e.SQSRequests * e.sqsRequests() / million},
		{"EventBridge",
			e.EventBridgeEvents * e.Notifications.forBatch(e.PerRequest) * e.perMillion / million},
	}
}

// sqsRequests returns the number of requests that send, receive and delete messages. Lambda's
// pollers receive and delete up to ten messages with a request.
func (e estimator) sqsRequests() float64 {
	polls := 2 * math.Ceil(e.messages/10) / e.messages
	return (e.calls.SendMessage + polls) * e.perMillion
}

// lambdaPrice returns the price of invocations that take the given seconds each.
func (e estimator) lambdaPrice(f Function, invocations, seconds float64) float64 {
	return e.LambdaRequests*invocations/million + e.computePrice(f, invocations*seconds)
}

// computePrice returns the price of a function that runs for the given seconds.
func (e estimator) computePrice(f Function, seconds float64) float64 {
	price := e.LambdaGBSecondArm
	if f.X86 {
		price = e.LambdaGBSecondX86
	}
	return seconds * f.MemoryMB / 1024 * price
}

func (e estimator) operationLines() []Line {
	logs := APILine + platformLines
	if !e.API.InfoLogs {
		logs -= APILine
	}
	if e.APIAccessLog {
		logs += accessLogLine
	}
	perInvocation, perMessage := platformLines+InvocationLine, WorkerLine
	if !e.Worker.InfoLogs {
		perMessage = 0
	}
	bytes := e.perMillion*(logs+perMessage) + e.invocations*perInvocation
	lines := []Line{
		{"SQS message groups", e.messageGroups()},
		{"CloudWatch Logs", e.LogsGB * bytes / gb},
		{"X-Ray", e.Traces / million *
			(e.countTraces(e.API, e.perMillion) + e.countTraces(e.Worker, e.invocations))},
		{"KMS", e.KMSRequests * e.kmsRequests() * e.perMillion / million},
		{"Reconciler", e.reconcilerPrice()},
		{"S3 lifecycle", e.transitionPrice()},
	}
	var used []Line
	for _, line := range lines {
		if line.USD > 0 {
			used = append(used, line)
		}
	}
	return used
}

const gb = 1 << 30

// messageGroups returns the surcharge for fair queues. AWS lists it per million requests. The model
// applies it to each request that sends, receives or deletes messages.
func (e estimator) messageGroups() float64 {
	if !e.MessageGroups {
		return 0
	}
	return e.SQSFairRequests * e.sqsRequests() / million
}

// countTraces returns the number of traces per million events. By default, X-Ray records one
// request per second and 5% of the others.
func (e estimator) countTraces(f Function, invocations float64) float64 {
	if !f.Tracing {
		return 0
	}
	rate := invocations * e.EventsPerMonth / million / secondsPerMonth
	recorded := min(rate, 1) + 0.05*max(rate-1, 0)
	return invocations * recorded / rate
}

// kmsRequests returns the KMS requests for one API request. Without a bucket key, S3 calls KMS for
// each object. The model ignores the calls of other services: they reuse data keys for minutes.
func (p Pipeline) kmsRequests() float64 {
	requests := 0.0
	if p.Bronze.KMSPerRequest {
		requests += 2 // PUT and GET
	}
	if p.Silver.KMSPerRequest {
		requests++
	}
	return requests
}

// countScans returns how often the reconciler checks each object: in each run during the hour in
// which the object was stored, and in one run during the next hour.
func (e estimator) countScans() float64 { return max(1, 3600/e.ReconcileInterval) + 1 }

// Speed and requests of the reconciler.
const (
	checksPerSecond = 16_000 // on one core
	readUnits       = 0.5    // per item, eventually consistent
	keysPerList     = 1_000
)

func (e estimator) reconcilerPrice() float64 {
	if e.Reconciler == nil || e.ReconcileInterval == 0 {
		return 0
	}
	checks := e.perMillion * e.countScans()
	seconds := checks / checksPerSecond * e.Reconciler.slowdown()
	return e.DynamoDBReads*readUnits*checks/million + e.S3Puts*checks/keysPerList/million +
		e.computePrice(*e.Reconciler, seconds)
}

const (
	infrequentAccess = "STANDARD_IA"
	glacierInstant   = "GLACIER_IR"
)

// NotPriced lists the storage classes that have no price in the model. The model prices their
// objects as if they stayed in the previous class.
func (p Pipeline) NotPriced() (classes []string) {
	for _, bucket := range []struct {
		name string
		Bucket
	}{{"Bronze", p.Bronze}, {"Silver", p.Silver}} {
		for _, t := range bucket.Transitions {
			if t.Class != infrequentAccess && t.Class != glacierInstant {
				classes = append(classes, fmt.Sprintf("storage class %s of the %s bucket", t.Class,
					bucket.name))
			}
		}
	}
	return classes
}

// transitionPrice returns the price of moving objects to other storage classes.
func (e estimator) transitionPrice() (usd float64) {
	for _, t := range slices.Concat(e.Bronze.Transitions, e.Silver.Transitions) {
		if e.RequestBytes() < t.MinBytes {
			continue
		}
		switch t.Class {
		case infrequentAccess:
			usd += e.S3ToInfrequentAccess * e.perMillion / million
		case glacierInstant:
			usd += e.S3ToGlacierInstantRetrieval * e.perMillion / million
		}
	}
	return usd
}

func (e estimator) fixedLines() []Line {
	polls := pollers * secondsPerMonth / 20.0 // long polls of 20 seconds
	lines := []Line{
		{"Alarms", e.Alarm * float64(e.AlarmMetrics)},
		{"Metrics", e.Metric * float64(len(customMetrics)+e.MetricFilters+e.webhookMetrics())},
		{"Dashboards", e.Dashboard * float64(e.Dashboards)},
		{"KMS keys", e.KMSKey * float64(e.KMSKeys)},
		{"SQS polling", e.SQSRequests * polls / million},
		{"Secrets Manager", e.secretPrice()},
	}
	if e.Reconciler != nil && e.ReconcileInterval > 0 {
		runs := secondsPerMonth / e.ReconcileInterval
		lines = append(lines, Line{"Reconciler runs", e.lambdaPrice(*e.Reconciler, runs, 0.5)})
	}
	return lines
}

// webhookMetrics returns the number of metrics that only a pipeline with webhook sources has:
// RefusedSignatures, and two metrics for each source.
func (p Pipeline) webhookMetrics() int {
	if p.WebhookSources == 0 {
		return 0
	}
	return 1 + 2*p.WebhookSources
}

// secretReads is how often an execution environment of the API function reads each secret per
// month. It reads two versions every 5 minutes.
const secretReads = 2 * secondsPerMonth / 300.0

// secretPrice returns the monthly price of the webhook sources' secrets.
func (e estimator) secretPrice() float64 {
	environments := max(1, e.EventsPerSecond()/float64(e.PerRequest)*e.durations.API)
	requests := secretReads * environments
	return float64(e.WebhookSecrets) * (e.Secret + e.SecretRequests*requests/million)
}

// customMetrics lists the metrics that the functions of each pipeline emit. webhookMetrics counts
// the additional metrics of webhook sources.
var customMetrics = []string{
	contract.MetricAccepted, contract.MetricProcessed, contract.MetricFailed,
	contract.MetricRetried, contract.MetricScanned, contract.MetricWaiting,
	contract.MetricReenqueued, contract.MetricGivenUp, contract.MetricRepaired,
	contract.MetricOrphans, contract.MetricOvertaken, contract.MetricErrors, contract.MetricLag,
}

// storageLines returns the monthly storage price of one month's events. age is the age of these
// events in months.
func (e estimator) storageLines(age int) []Line {
	requests := e.EventsPerMonth / float64(e.PerRequest)
	days := float64(age) * hoursPerMonth / 24
	payload := e.EventsPerMonth * float64(e.Bytes)
	bronze, silver := payload, payload+e.EventsPerMonth*RecordOverhead
	items := requests * (Item + itemOverhead)
	if e.Table.RetentionDays > 0 && days >= e.Table.RetentionDays {
		items = 0
	}
	table := e.DynamoDBGB
	if e.Table.Backups {
		table += e.DynamoDBBackupGB
	}
	var logged float64
	calls := APICalls().plus(WorkerCalls(1, e.PerRequest, None))
	for _, b := range []Bucket{e.Bronze, e.Silver} {
		if b.AccessLogs && (b.AccessLogDays == 0 || days < b.AccessLogDays) {
			logged += requests * (calls.PutObject + calls.GetObject) / 2 * accessLogRecord
		}
	}
	return []Line{
		{"S3 Bronze", e.bucketPrice(e.Bronze, days) * bronze / gb},
		{"S3 Silver", e.bucketPrice(e.Silver, days) * silver / gb},
		{"S3 access logs", e.S3StandardGB * logged / gb},
		{"DynamoDB", table * items / gb},
	}
}

// bucketPrice returns the price per GB and month. The parameter days is the age of the objects.
func (e estimator) bucketPrice(b Bucket, days float64) float64 {
	if b.Expiration > 0 && days >= b.Expiration {
		return 0
	}
	price := e.S3StandardGB
	for _, t := range b.Transitions {
		if days < t.Days || e.RequestBytes() < t.MinBytes {
			continue
		}
		switch t.Class {
		case infrequentAccess:
			price = e.S3InfrequentAccessGB
		case glacierInstant:
			price = e.S3GlacierInstantRetrievalGB
		}
	}
	return price
}
