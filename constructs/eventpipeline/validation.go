package eventpipeline

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
)

// mistakes lists what is wrong with props, each with what to do about it. The app learns of all at once, at synth.
type mistakes struct {
	found  []*string
	checks []func(*mistakes) // of what may still change until synth
}

// Validate is how CDK asks for them.
func (m *mistakes) Validate() *[]*string {
	all := &mistakes{found: slices.Clone(m.found)}
	for _, check := range m.checks {
		check(all)
	}
	return &all.found
}

func (m *mistakes) later(check func(*mistakes)) { m.checks = append(m.checks, check) }

// atSynth looks at what the app may have changed since, by resources of its own or the pipeline's L1 resources.
func (m *mistakes) atSynth(p *eventPipeline, given EventPipelineProps) {
	m.claim(p, given.PhysicalNamePrefix)
	m.later(func(m *mistakes) {
		m.queues(given)
		m.table(given)
		m.accessLogs(given)
		m.partialBatches(p)
	})
}

func (m *mistakes) unless(ok bool, format string, args ...any) {
	if !ok {
		text := fmt.Sprintf(format, args...)
		m.found = append(m.found, &text)
	}
}

// within asks for a whole number from least to most.
func (m *mistakes) within(name string, value, least, most float64, why string) {
	m.unless(value == math.Trunc(value) && value >= least && value <= most,
		"%s is %s; take a whole number from %s to %s, %s", name, text(value), text(least), text(most), why)
}

// wholeDays is within for what S3 and the table count in days. A nil duration is off.
func (m *mistakes) wholeDays(name string, value awscdk.Duration, least float64, why string) {
	if value != nil {
		m.unless(days(value) == math.Trunc(days(value)) && days(value) >= least,
			"%s is %s days; take whole days, at least %s, %s", name, text(days(value)), text(least), why)
	}
}

// The longest name is the reconciler function's, 64 characters at the most: the prefix and "-reconciler".
var prefixPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,52}$`)

// validate finds what is wrong with props whose defaults are filled in.
func (m *mistakes) validate(p EventPipelineProps) {
	m.unless(p.PhysicalNamePrefix == nil || prefixPattern.MatchString(*p.PhysicalNamePrefix),
		"PhysicalNamePrefix is %s; take one that matches %s, as the names of functions and queues must", quoted(p.PhysicalNamePrefix), prefixPattern)
	m.unless(p.RemovalPolicy == awscdk.RemovalPolicy_RETAIN || p.RemovalPolicy == awscdk.RemovalPolicy_DESTROY,
		"RemovalPolicy is %s; take RETAIN or DESTROY", p.RemovalPolicy)

	m.bronzeLifecycle(p)
	m.unless(p.BronzeObjectLock == nil || p.RemovalPolicy != awscdk.RemovalPolicy_DESTROY,
		"BronzeObjectLock keeps what RemovalPolicy DESTROY is to remove; take RETAIN, or leave the lock out")
	m.wholeDays("SilverExpiration", p.SilverExpiration, 1, "or leave it out to keep records")
	m.wholeDays("ServerAccessLogsExpiration", p.ServerAccessLogsExpiration, 1, "which is S3's least")
	m.wholeDays("NoncurrentVersionExpiration", p.NoncurrentVersionExpiration, 1, "which is S3's least")
	m.wholeDays("AbortIncompleteMultipartUploadAfter", p.AbortIncompleteMultipartUploadAfter, 1, "which is S3's least")
	m.wholeDays("StatusRetention", p.StatusRetention, 30, "since clients rely on their idempotency keys for so long")

	const twoWeeks = 14 * 24 * 60 * 60
	m.within("QueueRetention in seconds", seconds(p.QueueRetention), 60, twoWeeks, "as SQS does")
	m.within("DeadLetterQueueRetention in seconds", seconds(p.DeadLetterQueueRetention), 60, twoWeeks, "as SQS does")
	m.unless(p.Queue != nil || seconds(p.DeadLetterQueueRetention) > seconds(p.QueueRetention),
		"DeadLetterQueueRetention must be longer than QueueRetention, since a message's age counts from when it was first sent; raise the one or lower the other")
	if p.Queue == nil { // or it is looked into at synth
		m.within("VisibilityTimeout in seconds", seconds(p.VisibilityTimeout), leastVisibility(p), 12*60*60,
			"at least six times WorkerTimeout plus MaxBatchingWindow, or leave it out")
	}
	receives := "MaxReceiveCount"
	if p.Queue != nil {
		receives = "Queue's maxReceiveCount"
	}
	m.within(receives, *p.MaxReceiveCount, 3, 1000, "since a passing fault or two would send good messages to the DLQ")

	minutes := seconds(p.ReconcilerInterval) / 60
	m.within("ReconcilerInterval in minutes", minutes, 1, 24*60, "as EventBridge does, and once a day at the least")
	m.within("ReconcilerGracePeriod in seconds", seconds(p.ReconcilerGracePeriod), seconds(p.VisibilityTimeout), twoWeeks,
		"at least VisibilityTimeout, after which a killed worker's messages come again by themselves")
	m.within("ReconcilerMaxReenqueues", *p.ReconcilerMaxReenqueues, 1, 100, "or nothing is healed")

	m.within("ApiMemorySize in MiB", *p.ApiMemorySize, 128, 10240, "as Lambda does")
	m.within("ApiTimeout in seconds", seconds(p.ApiTimeout), 1, 29, "since the HTTP API gives up after 30")
	m.within("WorkerMemorySize in MiB", *p.WorkerMemorySize, 128, 10240, "as Lambda does")
	m.within("WorkerTimeout in seconds", seconds(p.WorkerTimeout), 5, 900, "since a processor has to stop 4 seconds before and Lambda does after 15 minutes")
	m.within("ReconcilerMemorySize in MiB", *p.ReconcilerMemorySize, 128, 10240, "as Lambda does")
	m.within("ReconcilerTimeout in seconds", seconds(p.ReconcilerTimeout), 30, 900, "since a run stops 10 seconds before and Lambda after 15 minutes")
	m.within("BatchSize", *p.BatchSize, 1, 10000, "as Lambda does")
	m.within("MaxBatchingWindow in seconds", seconds(p.MaxBatchingWindow), 0, 300, "as Lambda does")
	m.unless(*p.BatchSize <= 10 || seconds(p.MaxBatchingWindow) >= 1,
		"BatchSize is %s; above 10 Lambda needs a MaxBatchingWindow of at least a second", text(*p.BatchSize))
	m.within("MaxConcurrency", *p.MaxConcurrency, 2, 1000, "as Lambda does")
	m.workerEntry(p)
	m.reserved("ApiReservedConcurrentExecutions", p.ApiReservedConcurrentExecutions, 1)
	m.reserved("WorkerReservedConcurrentExecutions", p.WorkerReservedConcurrentExecutions, 2)
	m.reserved("ReconcilerReservedConcurrentExecutions", p.ReconcilerReservedConcurrentExecutions, 1)
	m.unless(p.WorkerReservedConcurrentExecutions == nil || *p.MaxConcurrency <= max(2, *p.WorkerReservedConcurrentExecutions),
		"MaxConcurrency is %s and WorkerReservedConcurrentExecutions less; lower the one, raise the other, or leave MaxConcurrency out: the workers beyond are throttled, which counts as deliveries", text(*p.MaxConcurrency))
	m.variables("ApiEnvironment", p.ApiEnvironment)
	m.variables("WorkerEnvironment", p.WorkerEnvironment)
	m.variables("ReconcilerEnvironment", p.ReconcilerEnvironment)
	m.layers("ApiLayers", p.ApiLayers)
	m.layers("WorkerLayers", p.WorkerLayers)
	m.layers("ReconcilerLayers", p.ReconcilerLayers)
	m.unless(p.LogRetention != awslogs.RetentionDays_INFINITE, "LogRetention is INFINITE; take a time, such as ONE_YEAR, or logs and their bill grow for ever")
	levels := []string{"debug", "info", "warn", "error"}
	m.unless(slices.Contains(levels, *p.LogLevel), "LogLevel is %q; take one of %q", *p.LogLevel, levels)

	m.resources(p)
	m.authorization(p)
	m.domain(p)
	m.within("MaxPayloadBytes", *p.MaxPayloadBytes, 1, 2<<20, "since Lambda takes 6 MB and a body's quotes and backslashes count twice")
	m.unless(*p.ThrottlingRateLimit > 0, "ThrottlingRateLimit is %s; take more than 0, or nobody gets through", text(*p.ThrottlingRateLimit))
	m.within("ThrottlingBurstLimit", *p.ThrottlingBurstLimit, 1, math.MaxInt32, "or nobody gets through")

	m.alarmThresholds(*p.AlarmThresholds)
}

// alarmThresholds rejects thresholds below 1, at which an alarm would fire all the time.
func (m *mistakes) alarmThresholds(t AlarmThresholds) {
	for _, threshold := range []struct {
		name  string
		value float64
	}{
		{"DeadLetters", *t.DeadLetters},
		{"OldestMessage in seconds", seconds(t.OldestMessage)},
		{"ApiServerErrors", *t.ApiServerErrors},
		{"ApiErrors", *t.ApiErrors},
		{"ApiThrottles", *t.ApiThrottles},
		{"WorkerErrors", *t.WorkerErrors},
		{"WorkerThrottles", *t.WorkerThrottles},
		{"ReconcilerErrors", *t.ReconcilerErrors},
		{"UnhealedEvents", *t.UnhealedEvents},
	} {
		m.unless(threshold.value >= 1, "AlarmThresholds.%s must be at least 1, got %s", threshold.name, text(threshold.value))
	}
}

// bronzeLifecycle asks for one step after the other, of those that are there.
func (m *mistakes) bronzeLifecycle(p EventPipelineProps) {
	m.wholeDays("BronzeInfrequentAccessAfter", p.BronzeInfrequentAccessAfter, 30, "which is S3's least")
	switch {
	case p.BronzeArchiveAfter != nil: // never without the other
		m.wholeDays("BronzeArchiveAfter", p.BronzeArchiveAfter, days(p.BronzeInfrequentAccessAfter)+30, "30 after BronzeInfrequentAccessAfter")
		m.wholeDays("BronzeExpiration", p.BronzeExpiration, days(p.BronzeArchiveAfter)+1, "after BronzeArchiveAfter")
	case p.BronzeInfrequentAccessAfter != nil:
		m.wholeDays("BronzeExpiration", p.BronzeExpiration, days(p.BronzeInfrequentAccessAfter)+1, "after BronzeInfrequentAccessAfter")
	default:
		m.wholeDays("BronzeExpiration", p.BronzeExpiration, 1, "or leave it out to keep payloads")
	}
}

// reserved is within for what may be left out.
func (m *mistakes) reserved(name string, value *float64, least float64) {
	if value != nil {
		m.within(name, *value, least, math.MaxInt32, "or nothing runs")
	}
}

func (m *mistakes) layers(name string, layers *[]awslambda.ILayerVersion) {
	m.unless(layers == nil || len(*layers) <= 5, "%s has more than 5 layers; give at most that, as Lambda takes", name)
}

// text writes a number without an exponent.
func text(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func days(d awscdk.Duration) float64 { return *d.ToDays(fractions()) }

func seconds(d awscdk.Duration) float64 { return *d.ToSeconds(fractions()) }

// fractions lets a conversion give what is not whole, for validation to find; CDK would panic.
func fractions() *awscdk.TimeConversionOptions {
	return &awscdk.TimeConversionOptions{Integral: new(bool)}
}
