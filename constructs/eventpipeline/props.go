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

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// EventPipelineProps configure an EventPipeline. Every prop is optional.
//
// An existing resource replaces the one that the pipeline would create. It only receives grants for
// the pipeline's functions, on its KMS key too. A prop that would configure it is an error at
// synth. docs/construct.md lists the CloudFormation property that each prop sets.
type EventPipelineProps struct {
	// PhysicalNamePrefix names the resources: "orders-prod" makes orders-prod-api,
	// orders-prod-events and so on. It must be unique in the account and region. Buckets and roles
	// are never named, since their names would have to be unique beyond that.
	// Default: CloudFormation generates the names; the bus's name begins with the stack's.
	PhysicalNamePrefix *string
	// RemovalPolicy applies to the pipeline's own buckets, table, queues and log groups. DESTROY
	// empties the buckets; only the log of the CDK function that does so remains.
	// Default: RETAIN, with deletion protection of the table.
	RemovalPolicy awscdk.RemovalPolicy

	// EncryptionKey encrypts the data at rest. Each key below replaces it for one part. The
	// pipeline lets CloudWatch Logs and EventBridge use a key of the app; the policy of an imported
	// key must allow both. Default: keys that the services own.
	EncryptionKey awskms.IKey
	// BronzeEncryptionKey encrypts raw payloads, with an S3 bucket key. Default: EncryptionKey.
	BronzeEncryptionKey awskms.IKey
	// SilverEncryptionKey encrypts records, with an S3 bucket key. Default: EncryptionKey.
	SilverEncryptionKey awskms.IKey
	// EventsTableEncryptionKey encrypts the events table. Default: EncryptionKey.
	EventsTableEncryptionKey awskms.IKey
	// QueueEncryptionKey encrypts the queue and the DLQ. Default: EncryptionKey.
	QueueEncryptionKey awskms.IKey
	// LogEncryptionKey encrypts all log groups. Default: EncryptionKey.
	LogEncryptionKey awskms.IKey
	// EventBusEncryptionKey encrypts the pipeline's own bus. Default: EncryptionKey.
	EventBusEncryptionKey awskms.IKey

	// BronzeBucket stores raw payloads under bronze/ in an existing bucket, used by this pipeline
	// only. It should reject plain HTTP, keep noncurrent versions and be write-once; see
	// DenyOverwriting. Default: a new bucket.
	BronzeBucket awss3.IBucket
	// SilverBucket stores records under silver/ in an existing bucket. It may be the BronzeBucket,
	// and pipelines may share it. Default: a new bucket.
	SilverBucket awss3.IBucket
	// BronzeInfrequentAccessAfter moves payloads to S3 Standard-IA.
	// Default: 30 days, S3's minimum; never, if payloads expire by then.
	BronzeInfrequentAccessAfter awscdk.Duration
	// BronzeArchiveAfter moves payloads to S3 Glacier Instant Retrieval, at least 30 days after
	// BronzeInfrequentAccessAfter. A replay reads archived payloads without delay.
	// Default: 90 days, or 30 days after BronzeInfrequentAccessAfter if that is later; never, if
	// payloads expire by then.
	BronzeArchiveAfter awscdk.Duration
	// BronzeExpiration deletes payloads, after both transitions. Default: never.
	BronzeExpiration awscdk.Duration
	// BronzeObjectLock prevents deletion even by a principal that may change the bucket's policy.
	// Governance mode can be bypassed with a permission, compliance mode can't. It needs
	// RemovalPolicy RETAIN. Default: none; the bucket's policy makes Bronze write-once.
	BronzeObjectLock awss3.ObjectLockRetention
	// SilverExpiration deletes records. Default: never.
	SilverExpiration awscdk.Duration
	// ServerAccessLogsBucket receives one line per request to Bronze and Silver: an existing
	// bucket, encrypted by S3's own key. If it is imported or of another stack, its policy must let
	// logging.s3.amazonaws.com write under bronze/ and silver/. Default: a new bucket.
	ServerAccessLogsBucket awss3.IBucket
	// ServerAccessLogsExpiration deletes these lines from the pipeline's own bucket.
	// Default: 90 days.
	ServerAccessLogsExpiration awscdk.Duration
	// NoncurrentVersionExpiration deletes overwritten and deleted versions in all buckets.
	// Default: 30 days.
	NoncurrentVersionExpiration awscdk.Duration
	// AbortIncompleteMultipartUploadAfter deletes the parts of unfinished uploads in all buckets.
	// Default: 7 days.
	AbortIncompleteMultipartUploadAfter awscdk.Duration
	// EventsTable tracks events in an existing table of the stack's account and region, used by
	// this pipeline only. It must have the partition key pk, a string, no sort key, and expiresAt
	// as time to live. Default: a new table.
	EventsTable awsdynamodb.ITable
	// StatusRetention keeps an event's item, with its Idempotency-Key; whole days, at least 30.
	// Default: 365 days.
	StatusRetention awscdk.Duration

	// Queue carries references through an existing standard queue, used by this pipeline only. It
	// needs DeadLetterQueue. Its visibility timeout must follow the rule of VisibilityTimeout.
	// Default: a new queue.
	Queue awssqs.IQueue
	// DeadLetterQueue receives failed messages: the target of the existing Queue's redrive policy.
	// Default: a new queue.
	DeadLetterQueue awssqs.IQueue
	// QueueRetention limits how long a message waits for the worker. Default: 4 days.
	QueueRetention awscdk.Duration
	// DeadLetterQueueRetention must be longer than QueueRetention. Default: 14 days, SQS's maximum.
	DeadLetterQueueRetention awscdk.Duration
	// VisibilityTimeout must be at least six times the worker function's Timeout plus
	// MaxBatchingWindow, as Lambda recommends. Default: this minimum.
	VisibilityTimeout awscdk.Duration
	// MaxReceiveCount limits the deliveries of a message before it moves to the DLQ; at least 3.
	// The worker function relies on it, so set it to the value of an imported Queue.
	// Default: the value of a Queue of the app, else 5.
	MaxReceiveCount *float64

	// ReconcilerEnabled runs the reconciler on its schedule. Without it, an event whose API or
	// worker function crashed may stay ENQUEUED forever. The function exists even if false.
	// Default: true.
	ReconcilerEnabled *bool
	// ReconcilerInterval separates runs, in whole minutes. Default: 15 minutes.
	ReconcilerInterval awscdk.Duration
	// ReconcilerGracePeriod delays the repair of an ENQUEUED event. It must be at least
	// VisibilityTimeout, after which SQS delivers a crashed worker's messages again.
	// Default: 1 hour, or VisibilityTimeout if that is longer.
	ReconcilerGracePeriod awscdk.Duration
	// ReconcilerMaxReenqueues limits how often a stuck event is enqueued again before it becomes
	// FAILED, from 1 to 100. Default: 3.
	ReconcilerMaxReenqueues *float64

	// Vpc runs the functions in its subnets. From there they must reach S3, DynamoDB, SQS,
	// EventBridge and X-Ray through a NAT gateway or VPC endpoints. Default: no VPC.
	Vpc awsec2.IVpc
	// VpcSubnets selects subnets of Vpc. Default: the private ones.
	VpcSubnets *awsec2.SubnetSelection
	// SecurityGroups apply to the functions in Vpc.
	// Default: one per function, without inbound and with all outbound traffic.
	SecurityGroups *[]awsec2.ISecurityGroup

	// Architecture applies to all functions. Default: arm64.
	Architecture awslambda.Architecture
	// ApiFunction configures the API function. Its Timeout must be less than 30 seconds, the
	// timeout of an HTTP API's integration. Default: 512 MiB and a Timeout of 10 seconds.
	ApiFunction *FunctionOptions
	// WorkerEntry names the folder of a main package in the app's own module that calls
	// processor.Start, such as "./functions/orders". It becomes the worker function. The path is
	// relative to the working directory. Of GOFLAGS only -mod, -modfile and -modcacherw apply, and
	// the only build tag is lambda.norpc. Grant further permissions to WorkerFunction().
	// Default: the platform's worker, whose record contains the payload.
	WorkerEntry *string
	// WorkerFunction configures the worker function, which holds the payloads of a batch in memory.
	// Its Timeout covers a batch and must be at least 5 seconds: a processor's context ends 4
	// seconds before it, the worker stops 2 seconds before it. ReservedConcurrentExecutions must be
	// at least 2 and MaxConcurrency. Default: 512 MiB and a Timeout of 30 seconds.
	WorkerFunction *FunctionOptions
	// ReconcilerFunction configures the reconciler function. A run stops 10 seconds before its
	// Timeout, and the next run continues. Default: 512 MiB and a Timeout of 5 minutes.
	ReconcilerFunction *FunctionOptions
	// BatchSize limits the messages per invocation; more than 10 need a MaxBatchingWindow.
	// Default: 10.
	BatchSize *float64
	// MaxBatchingWindow lets a batch wait for more messages. Default: 0 seconds.
	MaxBatchingWindow awscdk.Duration
	// MaxConcurrency limits concurrent workers, from 2 to 1,000.
	// Default: 50, or the worker function's ReservedConcurrentExecutions if that is less.
	MaxConcurrency *float64
	// LogRetention applies to all log groups; INFINITE is an error. Default: ONE_MONTH.
	LogRetention awslogs.RetentionDays
	// LogLevel limits the log lines of all functions: debug, info, warn or error. Metrics are
	// logged at every level.
	// Default: info.
	LogLevel *string
	// Tracing sets the X-Ray mode of all functions. Default: ACTIVE.
	Tracing awslambda.Tracing

	// HttpApi adds POST /events and GET /events/{eventId} to an existing API, used by this pipeline
	// only. Authorization applies to these routes; stage, log, throttling, CORS and domain are the
	// API's own. The API's alarm and graphs cover all of its requests. Default: a new API.
	HttpApi awsapigatewayv2.IHttpApi
	// Authorization selects who may call the API. GET /health is always open and reads nothing.
	// Default: JWT with JwtAuthorizer, LAMBDA with LambdaAuthorizer, else IAM.
	Authorization Authorization
	// JwtAuthorizer selects the accepted JSON Web Tokens. Default: none.
	JwtAuthorizer *JwtAuthorizerProps
	// LambdaAuthorizer selects the function that authorizes requests. Default: none.
	LambdaAuthorizer *LambdaAuthorizerProps
	// StatusForAllCallers lets each caller read the status of all events, not only its own. It
	// needs authorization. Default: false.
	StatusForAllCallers *bool
	// MaxPayloadBytes limits the request body. The maximum is 2 MiB: Lambda's limit is 6 MB, and
	// escaping doubles a body's quotes and backslashes. Default: 1 MiB.
	MaxPayloadBytes *float64
	// SchemaDirectory names a folder with a JSON Schema (draft 2020-12) per event type, named
	// <eventType>.json. Schemas may refer to files in its subfolders and to nothing else. They are
	// checked at synth and built into the API function. An event that violates its schema is
	// rejected with 422. Default: no schemas.
	SchemaDirectory *string
	// UnknownEventTypes selects what happens to events whose type has no schema. Default: ACCEPT.
	UnknownEventTypes UnknownEventTypes
	// ThrottlingRateLimit limits requests per second over all routes. Default: 1,000.
	ThrottlingRateLimit *float64
	// ThrottlingBurstLimit limits a burst of requests above that rate. Default: 2,000.
	ThrottlingBurstLimit *float64
	// CorsPreflight lets browsers call the API from other origins. Default: off.
	CorsPreflight *awsapigatewayv2.CorsPreflightOptions

	// DomainName adds a custom domain name, such as events.example.org. DNS must route it to
	// DomainName(). Default: none.
	DomainName *string
	// DomainCertificate secures DomainName, which requires it. It must be of the same region.
	// Default: none.
	DomainCertificate awscertificatemanager.ICertificate
	// DomainMappingKey maps a path below DomainName to the API, such as v1.
	// Default: none, the whole domain leads to the API.
	DomainMappingKey *string
	// MutualTls requires client certificates of this truststore, in addition to Authorization. A
	// certificate does not identify the caller. It needs DomainName. Default: off.
	MutualTls *awsapigatewayv2.MTLSConfig
	// DisableExecuteApiEndpoint makes DomainName the only endpoint.
	// Default: true with MutualTls, which the other endpoint would bypass, else false.
	DisableExecuteApiEndpoint *bool

	// EventBus receives EventProcessed and EventFailed: an existing bus in the stack's account and
	// region, which may be shared. Default: a new bus.
	EventBus awsevents.IEventBus

	// AlarmTopic receives a message when an alarm fires or resolves. Default: none.
	AlarmTopic awssns.ITopic
	// AlarmThresholds set the value at which each alarm fires. Default: those of AlarmThresholds.
	AlarmThresholds *AlarmThresholds
}

// FunctionOptions configure one of the pipeline's functions.
type FunctionOptions struct {
	// MemorySize sets the memory in MiB, from 128 to 10,240. Default: 512.
	MemorySize *float64
	// Timeout limits an invocation.
	// Default: 10 seconds (API), 30 seconds (worker), 5 minutes (reconciler).
	Timeout awscdk.Duration
	// Environment adds variables. Names that the pipeline or Lambda sets are errors. Default: none.
	Environment *map[string]*string
	// Layers adds up to 5 layers. Default: none.
	Layers *[]awslambda.ILayerVersion
	// ReservedConcurrentExecutions reserves and limits concurrency; at least 1. Default: none.
	ReservedConcurrentExecutions *float64
}

// UnknownEventTypes selects what happens to events whose type has no schema.
type UnknownEventTypes string

const (
	// UnknownEventTypesAccept accepts them without validation.
	UnknownEventTypesAccept UnknownEventTypes = "ACCEPT"
	// UnknownEventTypesRefuse rejects them with 422.
	UnknownEventTypesRefuse UnknownEventTypes = contract.RefuseUnknown
)
