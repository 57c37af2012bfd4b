package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// EventPipelineProps configure an EventPipeline. Everything is optional.
//
// A resource of yours takes the place of the pipeline's own. It is left as it is: the pipeline's functions get their
// rights on it, those on its KMS key included, and what else would make it different is yours to set. A prop that would
// do so contradicts it, which is an error at synth. docs/construct.md lists what each prop becomes.
type EventPipelineProps struct {
	// PhysicalNamePrefix names resources, as in "orders-prod": orders-prod-api, orders-prod-events, … It must be unique
	// in the account and region. Buckets and roles are never named: their names would have to be unique beyond that.
	// Default: CloudFormation makes the names, but for the bus's, which begins with the stack's, so that a pipeline can be used
	// twice.
	PhysicalNamePrefix *string
	// RemovalPolicy says what becomes of the pipeline's own buckets, table, queues and logs when the stack goes. DESTROY empties
	// the buckets and leaves nothing but the log of CDK's function that does so. Default: RETAIN, with deletion protection of
	// the table.
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

	// BronzeBucket holds raw payloads below bronze/: a bucket of yours, for this pipeline alone. It should refuse plain HTTP,
	// keep noncurrent versions, and be write-once, as DenyOverwriting makes it. Default: a bucket of the pipeline's own.
	BronzeBucket awss3.IBucket
	// SilverBucket holds records below silver/: a bucket of yours, which may be the BronzeBucket, or that of other pipelines,
	// too. Default: a bucket of the pipeline's own.
	SilverBucket awss3.IBucket
	// BronzeInfrequentAccessAfter moves payloads to S3 Standard-IA. Default: 30 days, which is S3's least; never, if they expire
	// by then.
	BronzeInfrequentAccessAfter awscdk.Duration
	// BronzeArchiveAfter moves payloads to S3 Glacier Instant Retrieval, from where a replay still reads them at once.
	// It must be at least 30 days after BronzeInfrequentAccessAfter. Default: 90 days, or those 30 days after if that is later;
	// never, if they expire by then.
	BronzeArchiveAfter awscdk.Duration
	// BronzeExpiration removes payloads; it must come after the two above, if they are given. Default: they are kept for ever.
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
	// EventsTable holds each event's lifecycle: a table of yours in the stack's account and region, for this pipeline alone, with
	// the partition key pk, a string, no sort key, and expiresAt as its time to live. Default: a table of the pipeline's own.
	EventsTable awsdynamodb.ITable
	// StatusRetention is how long an event's item, and with it its Idempotency-Key, is kept, by the table's TTL; whole
	// days, at least 30. Default: 365 days.
	StatusRetention awscdk.Duration

	// Queue carries references to the worker: a standard queue of yours, for this pipeline alone, with its DeadLetterQueue.
	// Its visibility timeout must be what VisibilityTimeout would have to be; synth sees to that if the app makes the
	// queue. Default: a queue of the pipeline's own.
	Queue awssqs.IQueue
	// DeadLetterQueue gets what can't be processed: the queue to which Queue's redrive policy leads. It goes with Queue.
	DeadLetterQueue awssqs.IQueue
	// QueueRetention is how long a message waits for the worker at the most. Default: 4 days.
	QueueRetention awscdk.Duration
	// DeadLetterQueueRetention must be longer than QueueRetention. Default: 14 days, which is SQS's most.
	DeadLetterQueueRetention awscdk.Duration
	// VisibilityTimeout must be at least six times WorkerTimeout plus MaxBatchingWindow, as Lambda asks for. Default: just that.
	VisibilityTimeout awscdk.Duration
	// MaxReceiveCount is how often a message is delivered before it goes to the DLQ; at least 3. The worker function relies
	// on it: say what a Queue that you look up has. Default: that of Queue, if the app makes it, and else 5.
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

	// Vpc has the functions run in subnets of yours, from where they must reach S3, DynamoDB, SQS, EventBridge and X-Ray: by
	// a NAT gateway or VPC endpoints. Default: they run outside of any VPC.
	Vpc awsec2.IVpc
	// VpcSubnets are which of them. Default: the private ones.
	VpcSubnets *awsec2.SubnetSelection
	// SecurityGroups of the functions. Default: one each, which lets nothing in and everything out.
	SecurityGroups *[]awsec2.ISecurityGroup

	// Architecture of all functions. Default: arm64.
	Architecture awslambda.Architecture
	// ApiMemorySize in MiB. Default: 512.
	ApiMemorySize *float64
	// ApiTimeout must be below the 30 seconds of an HTTP API's integration. Default: 10 seconds.
	ApiTimeout awscdk.Duration
	// ApiEnvironment adds variables to the function's. Those of the pipeline and of Lambda can't be among them. Default: none.
	ApiEnvironment *map[string]*string
	// ApiLayers are of the function, at most 5. Default: none.
	ApiLayers *[]awslambda.ILayerVersion
	// ApiReservedConcurrentExecutions reserves, and bounds, what the function takes of the account's concurrency; at least 1.
	// Default: none.
	ApiReservedConcurrentExecutions *float64
	// WorkerEntry is the folder of a main package in your own module that calls processor.Start: the worker function, with a
	// processor of yours, such as "./functions/orders". It is relative to the folder that the app runs in, and is built with
	// its module's own go.mod. Of GOFLAGS only -mod, -modfile and -modcacherw are heeded: other build tags than lambda.norpc, and
	// -ldflags, are not. What it needs besides, give to WorkerFunction(). Default: the platform's worker, which makes
	// of each payload a record that holds it.
	WorkerEntry *string
	// WorkerMemorySize in MiB. A worker holds the payloads of a batch. Default: 512.
	WorkerMemorySize *float64
	// WorkerTimeout is for a whole batch; at least 5 seconds, since a processor's context ends 4 seconds before, and the worker
	// stops 2 seconds before. Default: 30 seconds.
	WorkerTimeout awscdk.Duration
	// WorkerEnvironment adds variables to the function's. Those of the pipeline and of Lambda can't be among them. Default: none.
	WorkerEnvironment *map[string]*string
	// WorkerLayers are of the function, at most 5. Default: none.
	WorkerLayers *[]awslambda.ILayerVersion
	// WorkerReservedConcurrentExecutions reserves, and bounds, what the function takes of the account's concurrency; at least 2.
	// It must not be below MaxConcurrency, which is lowered to it by default. Default: none.
	WorkerReservedConcurrentExecutions *float64
	// BatchSize is how many messages a worker takes at once; above 10 it needs a MaxBatchingWindow. Default: 10.
	BatchSize *float64
	// MaxBatchingWindow is how long a batch may wait to fill up. Default: none, messages are taken at once.
	MaxBatchingWindow awscdk.Duration
	// MaxConcurrency bounds the workers that run at once, from 2 to 1,000. Default: 50, or WorkerReservedConcurrentExecutions
	// if that is less.
	MaxConcurrency *float64
	// LogRetention of all log groups; never INFINITE. Default: one month.
	LogRetention awslogs.RetentionDays
	// ReconcilerMemorySize in MiB. Default: 512.
	ReconcilerMemorySize *float64
	// ReconcilerTimeout is for one run, which stops 10 seconds before; the next goes on from there. Default: 5 minutes.
	ReconcilerTimeout awscdk.Duration
	// ReconcilerEnvironment adds variables to the function's. Those of the pipeline and of Lambda can't be among them. Default: none.
	ReconcilerEnvironment *map[string]*string
	// ReconcilerLayers are of the function, at most 5. Default: none.
	ReconcilerLayers *[]awslambda.ILayerVersion
	// ReconcilerReservedConcurrentExecutions reserves, and bounds, what the function takes of the account's concurrency; at least 1.
	// Default: none.
	ReconcilerReservedConcurrentExecutions *float64
	// LogLevel of all functions: debug, info, warn or error. Lines with metrics are written in any case. Default: info.
	LogLevel *string
	// Tracing by X-Ray of all functions. Default: ACTIVE.
	Tracing awslambda.Tracing

	// HttpApi gets the routes POST /events and GET /events/{eventId}, and nothing else: an API of yours, for this pipeline alone,
	// which then has its own stage, log, throttling, CORS and domain. Authorization is asked for by these routes, whatever the API's default is.
	// The alarm and the graphs of the API are about all of its requests. Default: an API of the pipeline's own.
	HttpApi awsapigatewayv2.IHttpApi
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

	// EventBus gets EventProcessed and EventFailed: a bus of yours in the stack's account and region, which others may use, too,
	// or awsevents.EventBus_FromEventBusName(…, "default") for the account's. Default: a bus of the pipeline's own.
	EventBus awsevents.IEventBus

	// AlarmTopic is told of every alarm that rings or ends. Default: nobody is.
	AlarmTopic awssns.ITopic
	// AlarmThresholds set the value at which each alarm fires. Default: the defaults of AlarmThresholds.
	AlarmThresholds *AlarmThresholds
}
