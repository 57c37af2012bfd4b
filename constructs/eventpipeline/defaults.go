package eventpipeline

import (
	"math"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// withDefaults is a copy of props in which nothing that has a default is nil.
func withDefaults(props *EventPipelineProps) EventPipelineProps {
	var p EventPipelineProps
	if props != nil {
		p = *props
	}
	fill(&p.RemovalPolicy, awscdk.RemovalPolicy_RETAIN)
	for _, key := range []*awskms.IKey{
		&p.BronzeEncryptionKey, &p.SilverEncryptionKey, &p.EventsTableEncryptionKey,
		&p.QueueEncryptionKey, &p.LogEncryptionKey, &p.EventBusEncryptionKey,
	} {
		if *key == nil {
			*key = p.EncryptionKey
		}
	}
	fillTransitions(&p)
	duration(&p.ServerAccessLogsExpiration, awscdk.Duration_Days, 90)
	duration(&p.NoncurrentVersionExpiration, awscdk.Duration_Days, 30)
	duration(&p.AbortIncompleteMultipartUploadAfter, awscdk.Duration_Days, 7)
	duration(&p.StatusRetention, awscdk.Duration_Days, 365)
	if p.Queue != nil {
		takeQueue(&p)
	}
	duration(&p.QueueRetention, awscdk.Duration_Days, 4)
	duration(&p.DeadLetterQueueRetention, awscdk.Duration_Days, 14)
	number(&p.MaxReceiveCount, 5)
	boolean(&p.ReconcilerEnabled, true)
	duration(&p.ReconcilerInterval, awscdk.Duration_Minutes, 15)
	number(&p.ReconcilerMaxReenqueues, 3)
	if p.Architecture == nil {
		p.Architecture = awslambda.Architecture_ARM_64()
	}
	number(&p.ApiMemorySize, 512)
	duration(&p.ApiTimeout, awscdk.Duration_Seconds, 10)
	number(&p.WorkerMemorySize, 512)
	duration(&p.WorkerTimeout, awscdk.Duration_Seconds, 30)
	number(&p.BatchSize, 10)
	duration(&p.MaxBatchingWindow, awscdk.Duration_Seconds, 0)
	number(&p.MaxConcurrency, defaultConcurrency(p))
	number(&p.ReconcilerMemorySize, 512)
	duration(&p.ReconcilerTimeout, awscdk.Duration_Minutes, 5)
	fill(&p.LogRetention, awslogs.RetentionDays_ONE_MONTH)
	if p.LogLevel == nil {
		p.LogLevel = jsii.String("info")
	}
	fill(&p.Tracing, awslambda.Tracing_ACTIVE)
	fill(&p.Authorization, inferred(p))
	fill(&p.UnknownEventTypes, UnknownEventTypesAccept)
	boolean(&p.StatusForAllCallers, false)
	boolean(&p.DisableExecuteApiEndpoint, p.MutualTls != nil)
	number(&p.MaxPayloadBytes, 1<<20)
	number(&p.ThrottlingRateLimit, 1000)
	number(&p.ThrottlingBurstLimit, 2000)
	var thresholds AlarmThresholds
	if p.AlarmThresholds != nil {
		thresholds = *p.AlarmThresholds
	}
	thresholds = thresholds.withDefaults()
	p.AlarmThresholds = &thresholds
	// Last, since it follows from others: Lambda asks for six times the function's timeout, plus the window.
	duration(&p.VisibilityTimeout, awscdk.Duration_Seconds, leastVisibility(p))
	duration(&p.ReconcilerGracePeriod, awscdk.Duration_Seconds, max(60*60, seconds(p.VisibilityTimeout)))
	return p
}

// fillTransitions leaves out what would come when payloads have expired.
func fillTransitions(p *EventPipelineProps) {
	kept := math.Inf(1)
	if p.BronzeExpiration != nil {
		kept = days(p.BronzeExpiration)
	}
	if kept > 30 || p.BronzeArchiveAfter != nil {
		duration(&p.BronzeInfrequentAccessAfter, awscdk.Duration_Days, 30)
	}
	if p.BronzeInfrequentAccessAfter == nil {
		return
	}
	if archive := max(90, math.Ceil(days(p.BronzeInfrequentAccessAfter))+30); kept > archive {
		duration(&p.BronzeArchiveAfter, awscdk.Duration_Days, archive)
	}
}

// defaultConcurrency is not beyond what is reserved for the workers.
func defaultConcurrency(p EventPipelineProps) float64 {
	if p.WorkerReservedConcurrentExecutions == nil {
		return 50
	}
	return max(2, min(50, *p.WorkerReservedConcurrentExecutions))
}

func leastVisibility(p EventPipelineProps) float64 {
	return 6*seconds(p.WorkerTimeout) + seconds(p.MaxBatchingWindow)
}

func fill[T ~string](value *T, standard T) {
	if *value == "" {
		*value = standard
	}
}

func number(value **float64, standard float64) {
	if *value == nil {
		*value = &standard
	}
}

func boolean(value **bool, standard bool) {
	if *value == nil {
		*value = &standard
	}
}

func duration(value *awscdk.Duration, unit func(*float64) awscdk.Duration, standard float64) {
	if *value == nil {
		*value = unit(&standard)
	}
}
