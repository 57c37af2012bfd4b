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

// EventPipelineProps configure an EventPipeline. Every prop is optional. docs/construct.md lists
// the CloudFormation property that each prop sets.
//
// Some props, such as BronzeBucket, accept an existing resource. The pipeline keeps the settings of
// this resource, and grants its functions access to the resource and its KMS key. Synth reports an
// error if another prop would change these settings.
type EventPipelineProps struct {
	// PhysicalNamePrefix is the beginning of the names of the resources: "orders-prod" results in
	// orders-prod-api, orders-prod-events and so on.
	//   - The prefix must be unique in the account and region.
	//   - It does not apply to buckets and roles: CloudFormation always generates their names.
	//   - A change of the prefix replaces the queue. First wait until the old queue is empty, as
	//     docs/runbooks.md describes.
	//
	// Default: CloudFormation generates the names, except the names of the API, the bus and the
	// access log group.
	PhysicalNamePrefix *string
	// RemovalPolicy applies to the buckets, table, queues and log groups that the pipeline creates.
	//   - With RETAIN or RETAIN_ON_UPDATE_OR_DELETE, these resources remain when the stack is
	//     deleted. CloudFormation still deletes the resources that a failed deployment created.
	//   - With DESTROY, CloudFormation deletes all resources with the stack. A CDK function first
	//     empties the buckets, and only its log remains. The table has no point-in-time recovery.
	//
	// Default: RETAIN, with point-in-time recovery of the table.
	RemovalPolicy awscdk.RemovalPolicy
	// EventsTableDeletionProtection makes DynamoDB refuse to delete the events table. Set it after
	// the first deployment has succeeded: CloudFormation can't roll back a failed first deployment
	// with a protected table. Default: false.
	EventsTableDeletionProtection *bool

	// EncryptionKey encrypts the data at rest. Each key prop below overrides it for one part of the
	// data.
	//
	// If the app creates the key, the pipeline adds statements for CloudWatch Logs and EventBridge
	// to the key's policy. The policy of an imported key must already contain such statements.
	//
	// Default: keys that the AWS services own.
	EncryptionKey awskms.IKey
	// BronzeEncryptionKey encrypts raw payloads. Bronze uses an S3 Bucket Key. Default:
	// EncryptionKey.
	BronzeEncryptionKey awskms.IKey
	// SilverEncryptionKey encrypts records. Silver uses an S3 Bucket Key. Default: EncryptionKey.
	SilverEncryptionKey awskms.IKey
	// EventsTableEncryptionKey encrypts the events table. Default: EncryptionKey.
	EventsTableEncryptionKey awskms.IKey
	// QueueEncryptionKey encrypts the queue and the DLQ. Default: EncryptionKey.
	QueueEncryptionKey awskms.IKey
	// LogEncryptionKey encrypts all log groups. Default: EncryptionKey.
	LogEncryptionKey awskms.IKey
	// EventBusEncryptionKey encrypts the pipeline's own bus. Default: EncryptionKey.
	EventBusEncryptionKey awskms.IKey

	// FormerEncryptionKeys lists KMS keys that the pipeline used before. The functions, CloudWatch
	// Logs and the pipeline's own bus may use them only to decrypt old data. docs/security.md
	// describes how to change a key. Default: none.
	FormerEncryptionKeys *[]awskms.IKey

	// BronzeBucket names an existing bucket, which stores raw payloads under bronze/. No other
	// pipeline may use it. The bucket should require TLS, be versioned and be write-once; see
	// DenyOverwriting. Default: a new bucket.
	BronzeBucket awss3.IBucket
	// SilverBucket names an existing bucket, which stores records under silver/. It can be the same
	// bucket as BronzeBucket, and several pipelines can share it. Default: a new bucket.
	SilverBucket awss3.IBucket
	// BronzeInfrequentAccessAfter sets the age at which payloads move to S3 Standard-IA. S3 moves
	// only objects of at least 128 KB. Default: 30 days, S3's minimum. If payloads expire after
	// 30 days or earlier, the default is no transition.
	BronzeInfrequentAccessAfter awscdk.Duration
	// BronzeArchiveAfter sets the age at which payloads move to S3 Glacier Instant Retrieval. The
	// minimum is 30 days after BronzeInfrequentAccessAfter. S3 moves only objects of at least
	// 128 KB. A replay reads archived payloads without delay.
	//
	// Default: 90 days, or 30 days after BronzeInfrequentAccessAfter if that is later. If payloads
	// expire at this age or earlier, the default is no transition.
	BronzeArchiveAfter awscdk.Duration
	// BronzeExpiration sets the age at which payloads are deleted. It must be greater than the ages
	// of both transitions. Default: payloads are never deleted.
	BronzeExpiration awscdk.Duration
	// BronzeObjectLock sets an S3 Object Lock. The lock prevents deletion, even by a principal that
	// may change the bucket's policy. RemovalPolicy must not be DESTROY.
	//   - Governance mode: a principal with the permission s3:BypassGovernanceRetention can bypass
	//     the lock.
	//   - Compliance mode: nobody can bypass the lock.
	//
	// Default: no lock. The bucket's policy makes Bronze write-once with and without a lock.
	BronzeObjectLock awss3.ObjectLockRetention
	// SilverExpiration sets the age at which records are deleted.
	// Default: records are never deleted.
	SilverExpiration awscdk.Duration
	// ServerAccessLogsBucket names an existing bucket for the server access logs of the Bronze and
	// Silver buckets that the pipeline creates.
	//   - S3's own key must encrypt the log bucket.
	//   - If the log bucket is imported or in another stack, its policy must let
	//     logging.s3.amazonaws.com write under bronze/ and silver/.
	//
	// Default: a new bucket.
	ServerAccessLogsBucket awss3.IBucket
	// ServerAccessLogsExpiration sets the age at which server access logs are deleted. Set it only
	// if the pipeline creates the log bucket. Default: 90 days.
	ServerAccessLogsExpiration awscdk.Duration
	// NoncurrentVersionExpiration sets how long the pipeline's buckets keep object versions that
	// were overwritten or deleted. Default: 30 days.
	NoncurrentVersionExpiration awscdk.Duration
	// AbortIncompleteMultipartUploadAfter sets how long the pipeline's buckets keep the parts of an
	// unfinished multipart upload. Default: 7 days.
	AbortIncompleteMultipartUploadAfter awscdk.Duration
	// EventsTable names an existing table, which stores the status of events.
	//   - The table must be in the account and region of the stack.
	//   - No other pipeline may use it.
	//   - It must have a partition key pk of type string, no sort key, and the time-to-live
	//     attribute expiresAt.
	//
	// Default: a new table.
	EventsTable awsdynamodb.ITable
	// StatusRetention sets how long the events table keeps the status and the Idempotency-Key of an
	// event. It must be a whole number of days, at least 30. Default: 365 days.
	StatusRetention awscdk.Duration

	// Queue names an existing standard queue. Its messages tell the worker function which events to
	// process. DeadLetterQueue must be set too.
	//   - No other pipeline may use the queue.
	//   - Its visibility timeout must be at least the minimum of VisibilityTimeout.
	//   - The maxReceiveCount of its redrive policy must be at least 100, because SQS counts every
	//     delivery, also during an outage.
	//
	// Default: a new queue.
	Queue awssqs.IQueue
	// DeadLetterQueue names an existing standard queue, which keeps references to failed events. It
	// must be the target of the redrive policy of Queue. Default: a new queue.
	DeadLetterQueue awssqs.IQueue
	// QueueRetention limits how long a message waits for the worker. The minimum is 2 hours, so
	// that messages outlive an outage of an hour. Default: 4 days.
	QueueRetention awscdk.Duration
	// DeadLetterQueueRetention sets how long the DLQ keeps a message. It must be longer than
	// QueueRetention, because a message keeps its age when SQS moves it to the DLQ. Default: 14
	// days, SQS's maximum.
	DeadLetterQueueRetention awscdk.Duration
	// VisibilityTimeout sets the time after which SQS delivers a message again if the worker
	// function has not processed it. The minimum is MaxBatchingWindow plus six times the worker
	// function's Timeout, as AWS recommends. Default: this minimum.
	VisibilityTimeout awscdk.Duration
	// MaxReceiveCount sets how many tries an event has before it becomes FAILED. A delivery counts
	// as a try if the processor fails or the worker crashes. Faults of AWS services do not count.
	// The minimum is 3. Default: 5.
	MaxReceiveCount *float64
	// Notifications selects the notifications about processed events. The worker always publishes
	// EventFailed. Default: NotificationsPerEvent.
	Notifications Notifications

	// ReconcilerEnabled enables the schedule that runs the reconciler function. Without the
	// schedule, an event can stay ENQUEUED forever after a crash. The reconciler function exists
	// even if the schedule is disabled. Default: true.
	ReconcilerEnabled *bool
	// ReconcilerInterval sets the time between two runs, in whole minutes. Default: 15 minutes.
	ReconcilerInterval awscdk.Duration
	// ReconcilerGracePeriod sets how long an event must be ENQUEUED before the reconciler repairs
	// it. The minimum is VisibilityTimeout: SQS delivers the messages of a crashed worker again
	// after that time. Default: 1 hour, or VisibilityTimeout if that is longer.
	ReconcilerGracePeriod awscdk.Duration
	// ReconcilerMaxReenqueues sets how many times the reconciler enqueues a stuck event again.
	// After that, the event becomes FAILED. The range is 1 to 100. Default: 3.
	ReconcilerMaxReenqueues *float64

	// Vpc names the VPC in which the functions run. Its subnets need a NAT gateway, or VPC
	// endpoints for S3, DynamoDB, SQS, EventBridge and X-Ray. With Webhooks, Secrets Manager needs
	// an endpoint too. Default: no VPC.
	Vpc awsec2.IVpc
	// VpcSubnets selects subnets of Vpc. Default: the private subnets.
	VpcSubnets *awsec2.SubnetSelection
	// SecurityGroups apply to the functions in Vpc.
	// Default: one security group per function, which allows all outbound traffic and no inbound
	// traffic.
	SecurityGroups *[]awsec2.ISecurityGroup

	// Architecture sets the processor architecture of all functions. Default: arm64.
	Architecture awslambda.Architecture
	// ApiFunction configures the API function. Its Timeout must be less than 30 seconds, the limit
	// of an HTTP API. Default: 512 MiB and a Timeout of 10 seconds.
	ApiFunction *FunctionOptions
	// WorkerEntry names the folder of a main package that calls processor.Start, such as
	// "./functions/orders". The worker function is built from this package.
	//   - The path is relative to the working directory.
	//   - The package must be in a Go module.
	//   - The build applies only the flags -mod, -modfile and -modcacherw of GOFLAGS, and only the
	//     build tag lambda.norpc.
	//   - If the package needs more permissions, grant them to WorkerFunction().
	//
	// Default: the platform's worker, which writes one record with the payload.
	WorkerEntry *string
	// WorkerFunction configures the worker function, which holds the payloads of all messages of an
	// invocation in memory.
	//   - Timeout must be at least 5 seconds. A processor's context ends 4 seconds before the
	//     Timeout. The worker stops 2 seconds before the Timeout.
	//   - ReservedConcurrentExecutions must be at least 2 and at least MaxConcurrency.
	//
	// Default: 512 MiB and a Timeout of 30 seconds.
	WorkerFunction *FunctionOptions
	// ReconcilerFunction configures the reconciler function. A run stops 10 seconds before its
	// Timeout, and the next run continues. Default: 1,769 MiB and a Timeout of 5 minutes.
	ReconcilerFunction *FunctionOptions
	// BatchSize limits the messages per invocation of the worker function. A value above 10
	// requires a MaxBatchingWindow. Default: 10.
	BatchSize *float64
	// MaxBatchingWindow limits how long Lambda waits for BatchSize messages. Default: 0 seconds.
	MaxBatchingWindow awscdk.Duration
	// MaxConcurrency limits the concurrent invocations of the worker function. The range is 2 to
	// 1,000. Default: 50, or the worker function's ReservedConcurrentExecutions if that is less.
	MaxConcurrency *float64
	// MinimumPollers switches on SQS's provisioned mode, and sets the minimum number of pollers
	// that Lambda keeps ready. The range is 2 to 200.
	//   - MaxConcurrency must not be set, because Lambda does not accept both.
	//   - Each poller invokes the worker function up to 10 times concurrently.
	//   - An idle poller costs money too.
	//
	// Default: no provisioned mode.
	MinimumPollers *float64
	// MaximumPollers limits the pollers in provisioned mode. The range is 2 to 2,000.
	// MinimumPollers must be set too. Default: 200 in provisioned mode.
	//
	// Each poller makes up to 10 invocations at once. MaximumPollers must therefore be at most a
	// tenth of WorkerFunction.ReservedConcurrentExecutions.
	MaximumPollers *float64
	// LogRetention applies to all log groups; INFINITE is an error. Default: ONE_MONTH.
	LogRetention awslogs.RetentionDays
	// LogLevel sets the lowest level of log lines that the functions write: debug, info, warn or
	// error. Log lines with metrics are written at every level. Default: info.
	LogLevel *string
	// Tracing sets the X-Ray mode of all functions. Default: ACTIVE.
	Tracing awslambda.Tracing

	// HttpApi names an existing API, to which the pipeline adds POST /events and GET
	// /events/{eventId}.
	//   - No other pipeline may use the API.
	//   - The prop Authorization applies to these two routes.
	//   - The API keeps its own stage, access log, throttling, CORS settings and domain.
	//   - ApiServerErrorsAlarm and the graphs of the API count the requests of all its routes.
	//
	// Default: a new API.
	HttpApi awsapigatewayv2.IHttpApi
	// Authorization selects who may call the API. GET /health is open to everyone and reads no
	// data. Default: JWT if JwtAuthorizer is set, LAMBDA if LambdaAuthorizer is set, else IAM.
	Authorization Authorization
	// JwtAuthorizer selects the accepted JSON Web Tokens. Default: none.
	JwtAuthorizer *JwtAuthorizerProps
	// LambdaAuthorizer selects the function that authorizes requests. Default: none.
	LambdaAuthorizer *LambdaAuthorizerProps
	// StatusForAllCallers lets each caller read the status of all events, not only of its own
	// events. It must not be true if Authorization is AuthorizationOpenToAnyoneOnTheInternet.
	// Default: false.
	StatusForAllCallers *bool
	// MaxPayloadBytes limits the size of a request body. The maximum is 2 MiB. Lambda accepts 6 MB,
	// but API Gateway passes the body as a JSON string. In this string, each quote and backslash
	// takes two bytes. Default: 1 MiB.
	MaxPayloadBytes *float64
	// SchemaDirectory names a folder with one JSON Schema (draft 2020-12) per event type, in the
	// file <eventType>.json. Schemas can refer to other schemas in the folder and its subfolders,
	// but not to other files or URLs.
	//
	// Synth checks the schemas and builds them into the API function. The API answers 422 to an
	// event that violates its schema. Default: no schemas.
	SchemaDirectory *string
	// UnknownEventTypes selects whether the API accepts an event whose type has no schema. Default:
	// ACCEPT.
	UnknownEventTypes UnknownEventTypes
	// AcceptTextPlain makes the API accept JSON with Content-Type: text/plain. A browser sends this
	// type with navigator.sendBeacon, and needs no preflight request for it. Authorization must be
	// AuthorizationOpenToAnyoneOnTheInternet, because sendBeacon sends no Authorization header.
	// Default: false.
	AcceptTextPlain *bool
	// ThrottlingRateLimit limits requests per second over all routes, except GET /health and the
	// route for webhooks. GET /health has its own limits: 10 requests per second, and bursts of 20
	// requests. Default: 1,000.
	ThrottlingRateLimit *float64
	// ThrottlingBurstLimit limits the number of requests in a burst above ThrottlingRateLimit.
	// Default: 2,000.
	ThrottlingBurstLimit *float64
	// Webhooks lists senders of webhooks, such as GitHub and Stripe. The API gets the route POST
	// /webhooks/{source}. This route has no authorizer: the API function verifies the signature of
	// each request. docs/webhooks.md describes the senders. Default: none.
	Webhooks *[]*WebhookSource
	// WebhooksThrottlingRateLimit limits requests per second of all webhook sources together.
	// Default: 500.
	WebhooksThrottlingRateLimit *float64
	// WebhooksThrottlingBurstLimit limits the number of webhook requests in a burst above
	// WebhooksThrottlingRateLimit. Default: 1,000.
	WebhooksThrottlingBurstLimit *float64
	// CorsPreflight lets browsers call the API from other origins. Its fields have these defaults:
	//   - AllowMethods: GET and POST
	//   - AllowHeaders: the headers that the API reads, except headers for extension attributes of
	//     CloudEvents
	//   - ExposeHeaders: the headers that the API sends
	//
	// Default: off.
	CorsPreflight *awsapigatewayv2.CorsPreflightOptions

	// DomainName adds a custom domain name, such as events.example.org. Add a DNS record that
	// routes this name to DomainName().RegionalDomainName(). Default: none.
	DomainName *string
	// DomainCertificate sets the TLS certificate of DomainName, in the region of the API. It is
	// required with DomainName. Default: none.
	DomainCertificate awscertificatemanager.ICertificate
	// DomainOwnershipCertificate proves that you own DomainName. It must be a public certificate of
	// ACM. API Gateway requires it with MutualTls if DomainCertificate was imported into ACM or
	// issued by a private CA. Default: none.
	DomainOwnershipCertificate awscertificatemanager.ICertificate
	// DomainMappingKey sets the path below DomainName at which the API is available, such as v1.
	// Default: none; the API is available at the root of the domain.
	DomainMappingKey *string
	// MutualTls makes the API require a client certificate that the truststore accepts.
	// Authorization still applies, because the certificate does not identify the caller. DomainName
	// must be set too. Default: off.
	MutualTls *awsapigatewayv2.MTLSConfig
	// DisableExecuteApiEndpoint disables the API's default endpoint, so that clients reach the API
	// only at DomainName. Default: true with MutualTls, because the default endpoint requires no
	// client certificate; else false.
	DisableExecuteApiEndpoint *bool

	// EventBus names an existing bus, which receives EventProcessed and EventFailed. It must be in
	// the account and region of the stack. Several pipelines can share it. Default: a new bus.
	EventBus awsevents.IEventBus

	// NotificationFormat selects the form of the detail of EventProcessed and EventFailed.
	// Default: JSON.
	NotificationFormat NotificationFormat

	// AlarmTopic receives a message when an alarm fires and when it returns to OK.
	//
	// If the app creates the topic, the pipeline lets CloudWatch publish to the topic and use its
	// KMS key. The policies of an imported topic and key must already allow this. Default: none.
	AlarmTopic awssns.ITopic
	// AlarmThresholds set the values at which the alarms fire.
	// Default: see the type AlarmThresholds.
	AlarmThresholds *AlarmThresholds
}

// FunctionOptions configure one of the pipeline's functions.
type FunctionOptions struct {
	// MemorySize sets the memory in MiB, from 128 to 10,240. Default: 512, or 1,769 for the
	// reconciler.
	MemorySize *float64
	// Timeout limits an invocation.
	// Default: 10 seconds (API), 30 seconds (worker), 5 minutes (reconciler).
	Timeout awscdk.Duration
	// Environment adds environment variables. It must not contain a variable that the pipeline or
	// Lambda sets. All variables of the function together must fit in 4,096 bytes. Default: none.
	Environment *map[string]*string
	// Layers adds up to 5 layers. Default: none.
	Layers *[]awslambda.ILayerVersion
	// ReservedConcurrentExecutions reserves concurrent executions for the function, and also limits
	// them to this number. The minimum is 1. Default: none.
	ReservedConcurrentExecutions *float64
}

// UnknownEventTypes selects whether the API accepts an event whose type has no schema.
type UnknownEventTypes string

const (
	// UnknownEventTypesAccept accepts an event whose type has no schema, without validation.
	UnknownEventTypesAccept UnknownEventTypes = "ACCEPT"
	// UnknownEventTypesRefuse rejects, with status 422, an event whose type has no schema.
	UnknownEventTypesRefuse UnknownEventTypes = contract.RefuseUnknown
)

// NotificationFormat selects the form of the detail of EventProcessed and EventFailed.
type NotificationFormat string

const (
	// NotificationFormatJson makes the detail an object with the event's id, type and status.
	NotificationFormatJson NotificationFormat = "JSON"
	// NotificationFormatCloudEvents makes the detail a CloudEvent with these members:
	//   - data: the detail of NotificationFormatJson
	//   - type: io.eventpipeline.event.processed, io.eventpipeline.event.failed or
	//     io.eventpipeline.batch.processed
	//   - source: identifies the pipeline
	//   - subject: the id of the event or batch
	NotificationFormatCloudEvents NotificationFormat = contract.CloudEventNotifications
)

// Notifications selects what the worker publishes about processed events.
type Notifications string

const (
	// NotificationsPerEvent publishes EventProcessed for each event. EventBridge charges for each
	// notification.
	NotificationsPerEvent Notifications = contract.NotifyPerEvent
	// NotificationsPerBatch publishes one BatchProcessed for each batch. In a request with several
	// events, the events of one type form a batch. For a single event, the worker publishes
	// EventProcessed.
	NotificationsPerBatch Notifications = contract.NotifyPerBatch
	// NotificationsNone publishes neither EventProcessed nor BatchProcessed.
	NotificationsNone Notifications = contract.NotifyNone
)
