package eventpipeline

import (
	"math"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// withDefaults returns a copy of props with every default set.
func withDefaults(props *EventPipelineProps) EventPipelineProps {
	var p EventPipelineProps
	if props != nil {
		p = *props
	}
	setDefault(&p.RemovalPolicy, awscdk.RemovalPolicy_RETAIN)
	setDefault(&p.EventsTableDeletionProtection, jsii.Bool(false))
	for _, key := range []*awskms.IKey{
		&p.BronzeEncryptionKey, &p.SilverEncryptionKey, &p.EventsTableEncryptionKey,
		&p.QueueEncryptionKey, &p.LogEncryptionKey, &p.EventBusEncryptionKey,
	} {
		setDefault(key, p.EncryptionKey)
	}
	setTransitions(&p)
	setDefault(&p.ServerAccessLogsExpiration, days(90))
	setDefault(&p.NoncurrentVersionExpiration, days(30))
	setDefault(&p.AbortIncompleteMultipartUploadAfter, days(7))
	setDefault(&p.StatusRetention, days(365))
	if p.Queue != nil {
		copyQueueSettings(&p)
	}
	setDefault(&p.QueueRetention, days(4))
	setDefault(&p.DeadLetterQueueRetention, days(14))
	setDefault(&p.MaxReceiveCount, jsii.Number(5))
	setDefault(&p.ReconcilerEnabled, jsii.Bool(true))
	setDefault(&p.ReconcilerInterval, seconds(15*60))
	setDefault(&p.ReconcilerMaxReenqueues, jsii.Number(3))
	setDefault(&p.Architecture, awslambda.Architecture_ARM_64())
	p.ApiFunction = p.ApiFunction.withDefaults(512, 10)
	p.WorkerFunction = p.WorkerFunction.withDefaults(512, 30)
	// A function with 1,769 MiB has one full vCPU. The reconciler needs a full vCPU to decode the
	// S3 listings of a busy pipeline.
	p.ReconcilerFunction = p.ReconcilerFunction.withDefaults(1769, 5*60)
	setDefault(&p.BatchSize, jsii.Number(10))
	setDefault(&p.MaxBatchingWindow, seconds(0))
	setDefault(&p.MaxConcurrency, defaultConcurrency(p.WorkerFunction.ReservedConcurrentExecutions))
	if p.MinimumPollers != nil {
		setDefault(&p.MaximumPollers, jsii.Number(200)) // Lambda's default
	}
	setDefault(&p.LogRetention, awslogs.RetentionDays_ONE_MONTH)
	setDefault(&p.LogLevel, jsii.String("info"))
	setDefault(&p.Tracing, awslambda.Tracing_ACTIVE)
	setDefault(&p.Authorization, defaultAuthorization(p))
	setDefault(&p.UnknownEventTypes, UnknownEventTypesAccept)
	setDefault(&p.Notifications, NotificationsPerEvent)
	setDefault(&p.StatusForAllCallers, jsii.Bool(false))
	setDefault(&p.AcceptTextPlain, jsii.Bool(false))
	setDefault(&p.NotificationFormat, NotificationFormatJson)
	setDefault(&p.DisableExecuteApiEndpoint, jsii.Bool(p.MutualTls != nil))
	setDefault(&p.MaxPayloadBytes, jsii.Number(1<<20))
	setDefault(&p.ThrottlingRateLimit, jsii.Number(1000))
	setDefault(&p.ThrottlingBurstLimit, jsii.Number(2000))
	setDefault(&p.WebhooksThrottlingRateLimit, jsii.Number(500))
	setDefault(&p.WebhooksThrottlingBurstLimit, jsii.Number(1000))
	// The defaults of these props depend on other defaults.
	setDefault(&p.VisibilityTimeout, seconds(minVisibility(p)))
	setDefault(&p.ReconcilerGracePeriod, seconds(max(60*60, inSeconds(p.VisibilityTimeout))))
	p.AlarmThresholds = p.AlarmThresholds.withDefaults(seconds(
		inSeconds(p.ReconcilerGracePeriod) + 60*60 + 4*inSeconds(p.ReconcilerInterval)))
	return p
}

func (o *FunctionOptions) withDefaults(memory, timeout float64) *FunctionOptions {
	options := valueOrZero(o)
	setDefault(&options.MemorySize, &memory)
	setDefault(&options.Timeout, seconds(timeout))
	return &options
}

// setTransitions sets the default ages of Bronze's transitions. It sets no default for a transition
// if payloads expire at the default age or earlier.
func setTransitions(p *EventPipelineProps) {
	expiration := math.Inf(1)
	if p.BronzeExpiration != nil {
		expiration = inDays(p.BronzeExpiration)
	}
	if expiration > 30 || p.BronzeArchiveAfter != nil {
		setDefault(&p.BronzeInfrequentAccessAfter, days(30))
	}
	if p.BronzeInfrequentAccessAfter == nil {
		return
	}
	archive := max(90, math.Ceil(inDays(p.BronzeInfrequentAccessAfter))+30)
	if expiration > archive {
		setDefault(&p.BronzeArchiveAfter, days(archive))
	}
}

// defaultConcurrency returns the default of MaxConcurrency: 50, or the worker function's reserved
// concurrency if that is less. The result is at least 2, Lambda's minimum.
func defaultConcurrency(reserved *float64) *float64 {
	if reserved == nil {
		return jsii.Number(50)
	}
	return jsii.Number(max(2, min(50, *reserved)))
}

// minVisibility returns the minimum of the queue's visibility timeout in seconds, as AWS
// recommends: the batching window plus six times the worker function's timeout.
func minVisibility(p EventPipelineProps) float64 {
	return 6*inSeconds(p.WorkerFunction.Timeout) + inSeconds(p.MaxBatchingWindow)
}

func setDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}

func valueOrZero[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

func days(n float64) awscdk.Duration { return awscdk.Duration_Days(&n) }

func seconds(n float64) awscdk.Duration { return awscdk.Duration_Seconds(&n) }

func inDays(d awscdk.Duration) float64 { return *d.ToDays(allowFractions()) }

func inSeconds(d awscdk.Duration) float64 { return *d.ToSeconds(allowFractions()) }

// allowFractions returns options for the conversion of a duration. With these options, the CDK does
// not panic if the result is a fraction. Validation rejects the fraction.
func allowFractions() *awscdk.TimeConversionOptions {
	return &awscdk.TimeConversionOptions{Integral: new(bool)}
}

// placeholderProps returns valid props for a pipeline whose requested props are invalid. It omits
// all props that can be invalid, because the CDK panics for an invalid prop. The app can then call
// the pipeline's getters until synth fails.
func placeholderProps(p *eventPipeline, requested EventPipelineProps) EventPipelineProps {
	kept := EventPipelineProps{
		BronzeEncryptionKey:      requested.BronzeEncryptionKey,
		SilverEncryptionKey:      requested.SilverEncryptionKey,
		EventsTableEncryptionKey: requested.EventsTableEncryptionKey,
		QueueEncryptionKey:       requested.QueueEncryptionKey,
		LogEncryptionKey:         requested.LogEncryptionKey,
		EventBusEncryptionKey:    requested.EventBusEncryptionKey,
		BronzeBucket:             requested.BronzeBucket,
		SilverBucket:             requested.SilverBucket,
		ServerAccessLogsBucket:   requested.ServerAccessLogsBucket,
		Architecture:             requested.Architecture,
		HttpApi:                  requested.HttpApi,
		AlarmTopic:               requested.AlarmTopic,
	}
	if !containsNil(requested.FormerEncryptionKeys) {
		kept.FormerEncryptionKeys = requested.FormerEncryptionKeys
	}
	environment := &validation{}
	environment.requireSameEnvironment(awscdk.Stack_Of(p), requested)
	if !environment.failed() {
		kept.EventsTable, kept.EventBus = requested.EventsTable, requested.EventBus
	}
	if isStandard(requested.Queue) && isStandard(requested.DeadLetterQueue) {
		kept.Queue, kept.DeadLetterQueue = requested.Queue, requested.DeadLetterQueue
	}
	if requested.Vpc != nil {
		if _, err := selectSubnets(requested.Vpc, nil); err == nil {
			kept.Vpc = requested.Vpc
		}
	}
	if requested.DomainName != nil { // only the pipeline's own API has a domain name
		kept.HttpApi = nil
		kept.DomainName = jsii.String("placeholder.example.org")
		kept.DomainCertificate = awscertificatemanager.Certificate_FromCertificateArn(p,
			jsii.String("PlaceholderCertificate"),
			jsii.String("arn:aws:acm:us-east-1:111111111111:certificate/placeholder"))
	}
	return withDefaults(&kept)
}
