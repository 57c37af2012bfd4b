package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
)

// EventPipelineProps configure an EventPipeline. Everything is optional.
type EventPipelineProps struct {
	// PhysicalNamePrefix names resources, as in "orders-prod": orders-prod-api, orders-prod-events, … It must be unique
	// in the account and region. Buckets and roles are never named: their names would have to be unique beyond that.
	// Default: CloudFormation makes the names, so that a pipeline can be used twice.
	PhysicalNamePrefix *string
	// RemovalPolicy says what becomes of buckets, table, queues and logs when the stack goes. DESTROY empties the buckets
	// and leaves nothing but the log of CDK's function that does so. Default: RETAIN, with deletion protection of the table.
	RemovalPolicy awscdk.RemovalPolicy

	// EncryptionKey encrypts what the pipeline keeps: a key of yours in place of ones that AWS owns, such as
	// awskms.NewKey(stack, jsii.String("Key"), &awskms.KeyProps{EnableKeyRotation: jsii.Bool(true)}). Each of the props below
	// takes another for its part. A key that you look up must let CloudWatch Logs and EventBridge use it, as
	// those made in the app are told to. Default: keys that the services own.
	EncryptionKey awskms.IKey
	// BronzeEncryptionKey is for raw payloads, with an S3 bucket key. Default: EncryptionKey.
	BronzeEncryptionKey awskms.IKey
	// SilverEncryptionKey is for records, with an S3 bucket key. Default: EncryptionKey.
	SilverEncryptionKey awskms.IKey
	// EventsTableEncryptionKey is for the events table. Default: EncryptionKey.
	EventsTableEncryptionKey awskms.IKey
	// QueueEncryptionKey is for the queue and the DLQ. Default: EncryptionKey.
	QueueEncryptionKey awskms.IKey
	// LogEncryptionKey is for all log groups. Default: EncryptionKey.
	LogEncryptionKey awskms.IKey
	// EventBusEncryptionKey is for the bus, if it is the pipeline's own. Default: EncryptionKey.
	EventBusEncryptionKey awskms.IKey

	// BronzeInfrequentAccessAfter moves payloads to S3 Standard-IA. Default: 30 days, which is S3's least.
	BronzeInfrequentAccessAfter awscdk.Duration
	// BronzeArchiveAfter moves payloads to S3 Glacier Instant Retrieval, from where a replay still reads them at once.
	// It must be at least 30 days after BronzeInfrequentAccessAfter. Default: 90 days.
	BronzeArchiveAfter awscdk.Duration
	// BronzeExpiration removes payloads. Default: they are kept for ever.
	BronzeExpiration awscdk.Duration
	// BronzeObjectLock keeps payloads from being deleted for a while, even by whoever may change the bucket's policy:
	// awss3.ObjectLockRetention_Governance(…), which those with a right of their own may lift, or _Compliance(…), which
	// nobody may. It takes the RemovalPolicy RETAIN. Default: none; Bronze is write-once by its policy in any case.
	BronzeObjectLock awss3.ObjectLockRetention
	// SilverExpiration removes records. Default: they are kept for ever.
	SilverExpiration awscdk.Duration
	// ServerAccessLogsBucket gets a line for each request to Bronze and Silver: a bucket of yours, encrypted by S3's own key.
	// One of another stack, or one that you look up, must let logging.s3.amazonaws.com write below bronze/ and silver/.
	// Default: a bucket of the pipeline's own.
	ServerAccessLogsBucket awss3.IBucket
	// ServerAccessLogsExpiration removes those lines, if the bucket is the pipeline's. Default: 90 days.
	ServerAccessLogsExpiration awscdk.Duration
	// NoncurrentVersionExpiration removes overwritten and deleted versions in all buckets. Default: 30 days.
	NoncurrentVersionExpiration awscdk.Duration
	// AbortIncompleteMultipartUploadAfter removes what broken uploads left in all buckets. Default: 7 days.
	AbortIncompleteMultipartUploadAfter awscdk.Duration
	// StatusRetention is how long an event's item, and with it its Idempotency-Key, is kept, by the table's TTL; whole
	// days, at least 30. Default: 365 days.
	StatusRetention awscdk.Duration

	// QueueRetention is how long a message waits for the worker at the most. Default: 4 days.
	QueueRetention awscdk.Duration
	// DeadLetterQueueRetention must be longer than QueueRetention. Default: 14 days, which is SQS's most.
	DeadLetterQueueRetention awscdk.Duration
	// VisibilityTimeout must be at least six times WorkerTimeout plus MaxBatchingWindow, as Lambda asks for. Default: just that.
	VisibilityTimeout awscdk.Duration
	// MaxReceiveCount is how often a message is delivered before it goes to the DLQ; at least 5. Default: 5.
	MaxReceiveCount *float64

	// ReconcilerEnabled runs the reconciler, which heals what crashes left, every ReconcilerInterval. Without it an event
	// whose API function or worker was killed may stay ENQUEUED for ever. The function is there in any case. Default: true.
	ReconcilerEnabled *bool
	// ReconcilerInterval is in whole minutes, and goes with ReconcilerEnabled. Default: 15 minutes.
	ReconcilerInterval awscdk.Duration
	// ReconcilerGracePeriod is how long an event may be ENQUEUED before it is looked after; at least VisibilityTimeout,
	// after which a killed worker's messages come again by themselves. Default: an hour, or VisibilityTimeout if that is longer.
	ReconcilerGracePeriod awscdk.Duration
	// ReconcilerMaxReenqueues is how often an event that gets stuck is put on the queue again before it is FAILED, from 1
	// to 100. Default: 3.
	ReconcilerMaxReenqueues *float64

	// Architecture of all functions. Default: arm64.
	Architecture awslambda.Architecture
	// ApiMemorySize in MiB. Default: 512.
	ApiMemorySize *float64
	// ApiTimeout must be below the 30 seconds of an HTTP API's integration. Default: 10 seconds.
	ApiTimeout awscdk.Duration
	// WorkerMemorySize in MiB. A worker holds the payloads of a batch. Default: 512.
	WorkerMemorySize *float64
	// WorkerTimeout is for a whole batch; at least 5 seconds, since the worker stops 2 seconds before. Default: 30 seconds.
	WorkerTimeout awscdk.Duration
	// BatchSize is how many messages a worker takes at once; above 10 it needs a MaxBatchingWindow. Default: 10.
	BatchSize *float64
	// MaxBatchingWindow is how long a batch may wait to fill up. Default: none, messages are taken at once.
	MaxBatchingWindow awscdk.Duration
	// MaxConcurrency bounds the workers that run at once, from 2 to 1,000. Default: 50.
	MaxConcurrency *float64
	// LogRetention of all log groups; not INFINITE. Default: one month.
	LogRetention awslogs.RetentionDays
	// ReconcilerMemorySize in MiB. Default: 512.
	ReconcilerMemorySize *float64
	// ReconcilerTimeout is for one run, which stops 10 seconds before; the next goes on from there. Default: 5 minutes.
	ReconcilerTimeout awscdk.Duration
	// LogLevel of all functions: debug, info, warn or error. Lines with metrics are written in any case. Default: info.
	LogLevel *string
	// Tracing by X-Ray of all functions. Default: ACTIVE.
	Tracing awslambda.Tracing

	// Authorization says who may call the API. GET /health is open in any case, and tells nothing. Default: JWT or LAMBDA if
	// that authorizer is given, and else IAM.
	Authorization Authorization
	// JwtAuthorizer says which JSON Web Tokens the API takes.
	JwtAuthorizer *JwtAuthorizerProps
	// LambdaAuthorizer makes a function of yours decide about each request.
	LambdaAuthorizer *LambdaAuthorizerProps
	// StatusForAllCallers lets each caller look up the events of all. An open API tells no caller from another. Default: false, a caller is told of its own only.
	StatusForAllCallers *bool
	// MaxPayloadBytes is the largest body that is accepted; at most 2 MiB, since Lambda takes 6 MB, in which a
	// body's quotes and backslashes count twice. Default: 1 MiB.
	MaxPayloadBytes *float64
	// SchemaDirectory is a folder with a JSON Schema (draft 2020-12) for each event type, in <eventType>.json. What several of
	// them refer to lies in folders below it; nothing else is ever loaded. An event that breaks its type's schema is refused
	// with 422. The schemas are checked at synth and built into the API function. Default: no schemas.
	SchemaDirectory *string
	// UnknownEventTypes says what becomes of events whose type has no schema. Default: ACCEPT.
	UnknownEventTypes UnknownEventTypes
	// ThrottlingRateLimit is in requests a second over all routes. Default: 1,000.
	ThrottlingRateLimit *float64
	// ThrottlingBurstLimit is in requests. Default: 2,000.
	ThrottlingBurstLimit *float64
	// CorsPreflight lets browsers call the API from other origins. Default: off.
	CorsPreflight *awsapigatewayv2.CorsPreflightOptions

	// DomainName is a name of the API's own, such as events.example.org, to be led to DomainName() by your DNS. Default: none.
	DomainName *string
	// DomainCertificate is for DomainName, which needs one, and of the same region.
	DomainCertificate awscertificatemanager.ICertificate
	// DomainMappingKey is the path below which DomainName leads to the API, such as v1. Default: none, it does so as a whole.
	DomainMappingKey *string
	// MutualTls asks clients of DomainName for a certificate that this truststore knows. That comes before Authorization, and
	// does not tell callers apart. Default: off.
	MutualTls *awsapigatewayv2.MTLSConfig
	// DisableExecuteApiEndpoint leaves DomainName as the only way in. Default: false; with MutualTls, which the other way
	// would get around, true.
	DisableExecuteApiEndpoint *bool

	// EventBus gets EventProcessed and EventFailed: a bus of yours, or awsevents.EventBus_FromEventBusName(…, "default")
	// for the account's. Default: a bus of the pipeline's own.
	EventBus awsevents.IEventBus

	// AlarmTopic is told of every alarm that rings or ends. Default: nobody is.
	AlarmTopic awssns.ITopic
	// OldestMessageAgeAlarm rings when a message has waited this long. Default: 5 minutes.
	OldestMessageAgeAlarm awscdk.Duration
	// ApiServerErrorAlarm rings at this many 5xx answers in 5 minutes. Default: 5.
	ApiServerErrorAlarm *float64
}

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
	duration(&p.BronzeInfrequentAccessAfter, awscdk.Duration_Days, 30)
	duration(&p.BronzeArchiveAfter, awscdk.Duration_Days, 90)
	duration(&p.ServerAccessLogsExpiration, awscdk.Duration_Days, 90)
	duration(&p.NoncurrentVersionExpiration, awscdk.Duration_Days, 30)
	duration(&p.AbortIncompleteMultipartUploadAfter, awscdk.Duration_Days, 7)
	duration(&p.StatusRetention, awscdk.Duration_Days, 365)
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
	number(&p.MaxConcurrency, 50)
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
	duration(&p.OldestMessageAgeAlarm, awscdk.Duration_Minutes, 5)
	number(&p.ApiServerErrorAlarm, 5)
	// Last, since it follows from others: Lambda asks for six times the function's timeout, plus the window.
	duration(&p.VisibilityTimeout, awscdk.Duration_Seconds, leastVisibility(p))
	duration(&p.ReconcilerGracePeriod, awscdk.Duration_Seconds, max(60*60, seconds(p.VisibilityTimeout)))
	return p
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
