package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonschema"
)

// EventPipeline accepts events over HTTP and stores the records of each event exactly once. A
// getter returns the resource that the pipeline created, or the existing resource from the props.
//
// If no prop exists for a setting, override it on the L1 resource: call Node().DefaultChild() on
// the getter's result.
type EventPipeline interface {
	constructs.Construct

	// HttpApi returns the API. An API that the pipeline created is an awsapigatewayv2.HttpApi, to
	// which the app can add routes.
	HttpApi() awsapigatewayv2.IHttpApi
	// HttpStage returns the stage of the API, or nil for an existing HttpApi.
	HttpStage() awsapigatewayv2.HttpStage
	// ApiUrl returns the URL to which clients append "events". For an existing HttpApi, it returns
	// the URL of the default stage, or nil if there is none.
	ApiUrl() *string
	// WebhookUrl returns the URL of a webhook source. Enter it in the settings of the sender. The
	// result is nil if ApiUrl returns nil.
	WebhookUrl(source *string) *string
	// DomainName returns the API's custom domain name, or nil if the prop DomainName is not set.
	DomainName() awsapigatewayv2.DomainName
	// ApiFunction returns the function that accepts events.
	ApiFunction() awslambda.Function
	// BronzeBucket returns the bucket that stores raw payloads under bronze/.
	BronzeBucket() awss3.IBucket
	// EventsTable returns the table that tracks each event's status.
	EventsTable() awsdynamodb.ITable
	// Queue returns the queue from the API function to the worker function.
	Queue() awssqs.IQueue
	// DeadLetterQueue returns the queue that keeps references to failed events.
	DeadLetterQueue() awssqs.IQueue
	// WorkerFunction returns the function that processes events.
	WorkerFunction() awslambda.Function
	// EventSourceMapping returns the mapping that delivers the queue's messages to the worker
	// function.
	EventSourceMapping() awslambda.EventSourceMapping
	// ReconcilerFunction returns the function that repairs events that a crash left unfinished.
	ReconcilerFunction() awslambda.Function
	// Schedule returns the rule that runs the reconciler function.
	Schedule() awsevents.Rule
	// SilverBucket returns the bucket that stores records under silver/.
	SilverBucket() awss3.IBucket
	// ServerAccessLogsBucket returns the bucket for server access logs, or nil if Bronze and Silver
	// are existing buckets.
	ServerAccessLogsBucket() awss3.IBucket
	// EventBus returns the bus that receives EventProcessed and EventFailed.
	EventBus() awsevents.IEventBus
	// NotificationDeadLetterQueue returns the queue of notifications that EventBridge could not
	// encrypt, or could not deliver to a target of OnEventProcessed.
	NotificationDeadLetterQueue() awssqs.IQueue
	// ApiLogGroup returns the API function's log group.
	ApiLogGroup() awslogs.LogGroup
	// WorkerLogGroup returns the worker function's log group.
	WorkerLogGroup() awslogs.LogGroup
	// ReconcilerLogGroup returns the reconciler function's log group.
	ReconcilerLogGroup() awslogs.LogGroup
	// AccessLogGroup returns the log group of the API's access log, or nil for an existing HttpApi.
	AccessLogGroup() awslogs.LogGroup
	// DeadLettersAlarm fires when messages are in the DLQ.
	DeadLettersAlarm() awscloudwatch.Alarm
	// FailedEventsAlarm fires when events fail, even if the DLQ already contains messages.
	FailedEventsAlarm() awscloudwatch.Alarm
	// RetriedEventsAlarm fires when deliveries fail for 15 minutes, for example in an outage.
	RetriedEventsAlarm() awscloudwatch.Alarm
	// OldestMessageAlarm fires when a message waits too long for the worker.
	OldestMessageAlarm() awscloudwatch.Alarm
	// ApiServerErrorsAlarm fires when the API answers 5xx.
	ApiServerErrorsAlarm() awscloudwatch.Alarm
	// ThrottledRequestsAlarm fires when the API's stage throttles requests. It is nil for an
	// existing HttpApi.
	ThrottledRequestsAlarm() awscloudwatch.Alarm
	// RefusedSignaturesAlarm fires when requests to a webhook source have no valid signature. It is
	// nil if Webhooks does not contain the source.
	RefusedSignaturesAlarm(source *string) awscloudwatch.Alarm
	// ApiErrorsAlarm fires when the API function crashes or times out.
	ApiErrorsAlarm() awscloudwatch.Alarm
	// ApiThrottlesAlarm fires when the API function is throttled.
	ApiThrottlesAlarm() awscloudwatch.Alarm
	// WorkerErrorsAlarm fires when the worker function crashes or times out.
	WorkerErrorsAlarm() awscloudwatch.Alarm
	// WorkerThrottlesAlarm fires when the worker function is throttled.
	WorkerThrottlesAlarm() awscloudwatch.Alarm
	// ReconcilerErrorsAlarm fires when a run of the reconciler function fails.
	ReconcilerErrorsAlarm() awscloudwatch.Alarm
	// ReconcilerMissingRunsAlarm fires when the schedule does not invoke the reconciler function.
	// It is nil if ReconcilerEnabled is false.
	ReconcilerMissingRunsAlarm() awscloudwatch.Alarm
	// ReconcilerLagAlarm fires when the reconciler does not keep up with the events.
	ReconcilerLagAlarm() awscloudwatch.Alarm
	// UnhealedEventsAlarm fires when the reconciler can't repair an event.
	UnhealedEventsAlarm() awscloudwatch.Alarm
	// NotificationDeadLettersAlarm fires when messages are in NotificationDeadLetterQueue.
	NotificationDeadLettersAlarm() awscloudwatch.Alarm
	// FailedDeliveriesAlarm fires when EventBridge moves notifications to
	// NotificationDeadLetterQueue.
	FailedDeliveriesAlarm() awscloudwatch.Alarm
	// LostEventsAlarm fires when EventBridge loses an event of a rule of OnEventProcessed. It is
	// nil for other rules.
	LostEventsAlarm(rule awsevents.IRule) awscloudwatch.Alarm
	// Alarms returns all alarms of the pipeline, including those of webhook sources and rules.
	Alarms() []awscloudwatch.Alarm
	// Dashboard returns the dashboard with the pipeline's alarms and metrics.
	Dashboard() awscloudwatch.Dashboard

	// GrantIngest lets a principal of this account post events. Synth reports an error if the API
	// does not use IAM authorization.
	//
	// A grant has no effect if the app can't change the principal's policies, for example the
	// policies of an immutable imported role. To detect this case, call Grant.AssertSuccess.
	GrantIngest(grantee awsiam.IGrantable) awsiam.Grant
	// GrantReadStatus lets a principal of this account call GET /events/{eventId}. Like
	// GrantIngest, it requires IAM authorization. The principal can read the status of its own
	// events, or of all events if StatusForAllCallers is true.
	GrantReadStatus(grantee awsiam.IGrantable) awsiam.Grant
	// GrantReadSilver lets a principal list and read the records under silver/, and decrypt them
	// with the bucket's key.
	GrantReadSilver(grantee awsiam.IGrantable) awsiam.Grant

	// MetricAccepted counts accepted events. It does not count a repeated request with the same
	// Idempotency-Key. Nil props select the sum over 5 minutes.
	MetricAccepted(props *awscloudwatch.MetricOptions) awscloudwatch.Metric
	// MetricFailed counts the events that became FAILED, and the invalid messages that the worker
	// moved to the DLQ. Nil props select the sum over 5 minutes.
	MetricFailed(props *awscloudwatch.MetricOptions) awscloudwatch.Metric
	// MetricDeadLetters counts the messages in the DLQ. Nil props select the maximum over 5
	// minutes.
	MetricDeadLetters(props *awscloudwatch.MetricOptions) awscloudwatch.Metric

	// OnEventProcessed adds a rule that sends each EventProcessed of this pipeline to a target. The
	// rule ignores events of other pipelines on the same bus.
	//   - If target is nil, add a target to the returned rule later.
	//   - A target can receive an event twice, so it must ignore a detail.eventId that it has
	//     already received.
	//   - A target without its own DeadLetterQueue gets NotificationDeadLetterQueue.
	//   - The rule's LostEventsAlarm fires if the rule loses events.
	OnEventProcessed(id *string, target awsevents.IRuleTarget) awsevents.Rule
	// OnEventProcessedIn works like OnEventProcessed, but creates the rule in the construct scope.
	// Use it if the target or its DeadLetterQueue is a queue of another stack.
	//
	// The construct scope must then be in the queue's stack. The queue's stack depends on the
	// pipeline's stack, so the pipeline must not use resources of the queue's stack.
	OnEventProcessedIn(
		scope constructs.Construct, id *string, target awsevents.IRuleTarget,
	) awsevents.Rule
}

type eventPipeline struct {
	constructs.Construct
	props         EventPipelineProps
	schemas       jsonschema.Bundle
	validation    *validation
	authorization Authorization // as requested, even if placeholders replace other props

	serverAccessLogsBucket     awss3.IBucket
	bronzeBucket, silverBucket awss3.IBucket
	eventsTable                awsdynamodb.ITable
	queue, deadLetterQueue     awssqs.IQueue
	eventBus                   awsevents.IEventBus
	notificationDLQ            awssqs.IQueue
	apiFunction                awslambda.Function
	workerFunction             awslambda.Function
	reconcilerFunction         awslambda.Function
	apiLogGroup                awslogs.LogGroup
	workerLogGroup             awslogs.LogGroup
	reconcilerLogGroup         awslogs.LogGroup
	schedule                   awsevents.Rule
	eventSource                awslambda.EventSourceMapping
	httpApi                    awsapigatewayv2.IHttpApi
	httpStage                  awsapigatewayv2.HttpStage
	domainName                 awsapigatewayv2.DomainName
	accessLogGroup             awslogs.LogGroup
	alarms                     alarms
	dashboard                  awscloudwatch.Dashboard
}

// NewEventPipeline adds a pipeline to scope. If props is nil, every prop has its default. Invalid
// props cause no panic: synth reports all of them together.
func NewEventPipeline(
	scope constructs.Construct, id *string, props *EventPipelineProps,
) EventPipeline {
	v := &validation{errors: []*string{}}
	props = v.withoutTokens(props)
	requested := withDefaults(props)
	p := &eventPipeline{props: requested, validation: v, authorization: requested.Authorization}
	constructs.NewConstruct_Override(p, scope, id)
	v.validate(requested)
	v.requireSameEnvironment(awscdk.Stack_Of(p), requested)
	v.requireSecretsInEnvironment(awscdk.Stack_Of(p), requested)
	if props != nil {
		v.unusedProps(*props)
	}
	p.schemas = v.readSchemas(requested)
	p.Node().AddValidation(v)
	if v.failed() {
		p.props, p.schemas = placeholderProps(p, requested), nil
	}

	allowLogs(p, p.props.LogEncryptionKey, "kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom",
		"kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
		"kms:DescribeKey")
	for _, key := range valueOrZero(p.props.FormerEncryptionKeys) {
		allowLogs(p, key, "kms:Decrypt", "kms:DescribeKey")
		allowBus(p, key)
	}
	p.serverAccessLogsBucket = newServerAccessLogsBucket(p)
	p.bronzeBucket = newBronzeBucket(p)
	p.silverBucket = newSilverBucket(p)
	p.eventsTable = newEventsTable(p)
	p.deadLetterQueue = newDeadLetterQueue(p)
	p.queue = newQueue(p)
	p.eventBus = newEventBus(p)
	p.notificationDLQ = newNotificationDeadLetterQueue(p)
	p.apiFunction, p.apiLogGroup = newApiFunction(p)
	p.workerFunction, p.workerLogGroup = newWorkerFunction(p)
	// A deployment updates the worker first: an older worker can't read the batches of a newer API.
	p.apiFunction.Node().AddDependency(p.workerFunction)
	p.eventSource = newEventSource(p)
	warnAboutInFlight(p)
	p.reconcilerFunction, p.reconcilerLogGroup = newReconcilerFunction(p)
	p.schedule = newSchedule(p)
	addFunctionMetadata(p)
	p.httpApi = newHttpApi(p)
	if p.props.HttpApi == nil {
		p.domainName = newDomainName(p)
		p.accessLogGroup = newLogGroup(p, "AccessLogGroup", apiLogs, "api")
		p.httpStage = newStage(p)
	}

	m := newMetrics(p)
	p.alarms = newAlarms(p, m)
	allowAlarms(p)
	p.dashboard = newDashboard(p, m)
	suppressNagRules(p)
	v.validateAtSynth(p, requested)
	return p
}

// physicalName returns PhysicalNamePrefix, a hyphen and suffix. Without a prefix it returns nil,
// and CloudFormation generates the name.
func (p *eventPipeline) physicalName(suffix string) *string {
	if p.props.PhysicalNamePrefix == nil {
		return nil
	}
	name := *p.props.PhysicalNamePrefix + "-" + suffix
	return &name
}

// removalPolicy returns the removal policy of the pipeline's resources. It replaces RETAIN by
// RETAIN_ON_UPDATE_OR_DELETE. With RETAIN, the resources of a failed first deployment would remain,
// and their names would block the next deployment.
func removalPolicy(p EventPipelineProps) awscdk.RemovalPolicy {
	if p.RemovalPolicy == awscdk.RemovalPolicy_RETAIN {
		return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	}
	return p.RemovalPolicy
}

func (p *eventPipeline) HttpApi() awsapigatewayv2.IHttpApi      { return p.httpApi }
func (p *eventPipeline) HttpStage() awsapigatewayv2.HttpStage   { return p.httpStage }
func (p *eventPipeline) DomainName() awsapigatewayv2.DomainName { return p.domainName }

func (p *eventPipeline) BronzeBucket() awss3.IBucket { return p.bronzeBucket }
func (p *eventPipeline) SilverBucket() awss3.IBucket { return p.silverBucket }

func (p *eventPipeline) ServerAccessLogsBucket() awss3.IBucket { return p.serverAccessLogsBucket }

func (p *eventPipeline) EventsTable() awsdynamodb.ITable { return p.eventsTable }

func (p *eventPipeline) Queue() awssqs.IQueue           { return p.queue }
func (p *eventPipeline) DeadLetterQueue() awssqs.IQueue { return p.deadLetterQueue }

func (p *eventPipeline) Schedule() awsevents.Rule      { return p.schedule }
func (p *eventPipeline) EventBus() awsevents.IEventBus { return p.eventBus }

func (p *eventPipeline) NotificationDeadLetterQueue() awssqs.IQueue { return p.notificationDLQ }

func (p *eventPipeline) EventSourceMapping() awslambda.EventSourceMapping { return p.eventSource }

func (p *eventPipeline) ApiFunction() awslambda.Function        { return p.apiFunction }
func (p *eventPipeline) WorkerFunction() awslambda.Function     { return p.workerFunction }
func (p *eventPipeline) ReconcilerFunction() awslambda.Function { return p.reconcilerFunction }

func (p *eventPipeline) ApiLogGroup() awslogs.LogGroup        { return p.apiLogGroup }
func (p *eventPipeline) WorkerLogGroup() awslogs.LogGroup     { return p.workerLogGroup }
func (p *eventPipeline) ReconcilerLogGroup() awslogs.LogGroup { return p.reconcilerLogGroup }
func (p *eventPipeline) AccessLogGroup() awslogs.LogGroup     { return p.accessLogGroup }

func (p *eventPipeline) Dashboard() awscloudwatch.Dashboard { return p.dashboard }
