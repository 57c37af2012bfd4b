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

// EventPipeline accepts events over HTTP and stores exactly one record for each. Its getters return
// the resource that it created or the existing one from its props; Node().DefaultChild() returns
// the L1 resource, for overrides.
type EventPipeline interface {
	constructs.Construct

	// HttpApi returns the API. The pipeline's own is an awsapigatewayv2.HttpApi and takes more
	// routes.
	HttpApi() awsapigatewayv2.IHttpApi
	// HttpStage returns the stage of the pipeline's own API; nil for an existing HttpApi.
	HttpStage() awsapigatewayv2.HttpStage
	// ApiUrl returns the URL to which clients append "events". For an existing HttpApi it is the
	// default stage's URL, or nil.
	ApiUrl() *string
	// DomainName returns the API's custom domain name; nil without the prop.
	DomainName() awsapigatewayv2.DomainName
	// ApiFunction returns the function that accepts events.
	ApiFunction() awslambda.Function
	// BronzeBucket returns the bucket that stores raw payloads under bronze/.
	BronzeBucket() awss3.IBucket
	// EventsTable returns the table that tracks each event's status.
	EventsTable() awsdynamodb.ITable
	// Queue returns the queue from the API function to the worker function.
	Queue() awssqs.IQueue
	// DeadLetterQueue returns the queue of the references to failed events.
	DeadLetterQueue() awssqs.IQueue
	// WorkerFunction returns the function that processes events.
	WorkerFunction() awslambda.Function
	// EventSourceMapping returns the mapping that delivers the queue's messages to the worker
	// function.
	EventSourceMapping() awslambda.EventSourceMapping
	// ReconcilerFunction returns the function that repairs what a crash left unfinished.
	ReconcilerFunction() awslambda.Function
	// Schedule returns the rule that runs the reconciler function.
	Schedule() awsevents.Rule
	// SilverBucket returns the bucket that stores records under silver/.
	SilverBucket() awss3.IBucket
	// ServerAccessLogsBucket returns the bucket with one line per request to the pipeline's own
	// buckets; nil if both are existing ones.
	ServerAccessLogsBucket() awss3.IBucket
	// EventBus returns the bus that receives EventProcessed and EventFailed.
	EventBus() awsevents.IEventBus
	// ApiLogGroup returns the API function's log group.
	ApiLogGroup() awslogs.LogGroup
	// WorkerLogGroup returns the worker function's log group.
	WorkerLogGroup() awslogs.LogGroup
	// ReconcilerLogGroup returns the reconciler function's log group.
	ReconcilerLogGroup() awslogs.LogGroup
	// AccessLogGroup returns the log group with one line per request to the pipeline's own API; nil
	// for an existing HttpApi.
	AccessLogGroup() awslogs.LogGroup
	// DeadLettersAlarm fires when messages are in the DLQ.
	DeadLettersAlarm() awscloudwatch.Alarm
	// OldestMessageAlarm fires when a message waits too long for the worker.
	OldestMessageAlarm() awscloudwatch.Alarm
	// ApiServerErrorsAlarm fires when the API answers 5xx.
	ApiServerErrorsAlarm() awscloudwatch.Alarm
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
	// UnhealedEventsAlarm fires when the reconciler can't heal an event.
	UnhealedEventsAlarm() awscloudwatch.Alarm
	// Alarms returns all alarms of the pipeline.
	Alarms() []awscloudwatch.Alarm
	// Dashboard returns the dashboard with the pipeline's alarms and metrics.
	Dashboard() awscloudwatch.Dashboard

	// GrantIngest lets a principal of this account post events. The API must use IAM authorization;
	// any other is an error at synth. As with all grants of the CDK, nothing happens for a
	// principal whose policies the app can't change, such as an immutable imported role;
	// Grant.AssertSuccess detects that.
	GrantIngest(grantee awsiam.IGrantable) awsiam.Grant
	// GrantReadStatus lets a principal call GET /events/{eventId}, under the same conditions. It
	// sees the events that it posted itself, or all events with StatusForAllCallers.
	GrantReadStatus(grantee awsiam.IGrantable) awsiam.Grant
	// GrantReadSilver lets a principal read and list the records under silver/, and use the
	// bucket's key for that.
	GrantReadSilver(grantee awsiam.IGrantable) awsiam.Grant

	// MetricAccepted counts accepted events, without repeated Idempotency-Keys. Default: the sum
	// over 5 minutes. Nil props take every default.
	MetricAccepted(props *awscloudwatch.MetricOptions) awscloudwatch.Metric
	// MetricFailed counts messages that the worker moved to the DLQ and events that the reconciler
	// gave up. Default: the sum over 5 minutes.
	MetricFailed(props *awscloudwatch.MetricOptions) awscloudwatch.Metric
	// MetricDeadLetters counts the messages in the DLQ. Default: the maximum over 5 minutes.
	MetricDeadLetters(props *awscloudwatch.MetricOptions) awscloudwatch.Metric

	// OnEventProcessed adds a rule that notifies a target of each event that this pipeline
	// processed, even if pipelines share the bus. A target may be notified twice: drop repeats by
	// detail.eventId. A nil target can be added to the rule later.
	OnEventProcessed(id *string, target awsevents.IRuleTarget) awsevents.Rule
}

type eventPipeline struct {
	constructs.Construct
	props         EventPipelineProps
	schemas       jsonschema.Bundle
	validation    *validation
	authorization Authorization // as requested, even if invalid props replace the others

	serverAccessLogsBucket     awss3.IBucket
	bronzeBucket, silverBucket awss3.IBucket
	eventsTable                awsdynamodb.ITable
	queue, deadLetterQueue     awssqs.IQueue
	eventBus                   awsevents.IEventBus
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

// NewEventPipeline adds a pipeline to scope. Nil props take every default. Invalid props are
// reported together when the app is synthesized.
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
	if props != nil {
		v.unusedProps(*props)
	}
	p.schemas = v.readSchemas(requested)
	p.Node().AddValidation(v)
	if v.failed() {
		p.props, p.schemas = placeholderProps(p, requested), nil
	}

	allowLogs(p, p.props.LogEncryptionKey)
	p.serverAccessLogsBucket = newServerAccessLogsBucket(p)
	p.bronzeBucket = newBronzeBucket(p)
	p.silverBucket = newSilverBucket(p)
	p.eventsTable = newEventsTable(p)
	p.deadLetterQueue = newDeadLetterQueue(p)
	p.queue = newQueue(p)
	p.eventBus = newEventBus(p)
	p.apiFunction, p.apiLogGroup = newApiFunction(p)
	p.workerFunction, p.workerLogGroup = newWorkerFunction(p)
	p.eventSource = newEventSource(p)
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
	p.dashboard = newDashboard(p, m)
	suppressNagRules(p)
	v.validateAtSynth(p, requested)
	return p
}

// physicalName returns the prefix with a suffix, or nil: then CloudFormation generates the name.
func (p *eventPipeline) physicalName(suffix string) *string {
	if p.props.PhysicalNamePrefix == nil {
		return nil
	}
	name := *p.props.PhysicalNamePrefix + "-" + suffix
	return &name
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

func (p *eventPipeline) EventSourceMapping() awslambda.EventSourceMapping { return p.eventSource }

func (p *eventPipeline) ApiFunction() awslambda.Function        { return p.apiFunction }
func (p *eventPipeline) WorkerFunction() awslambda.Function     { return p.workerFunction }
func (p *eventPipeline) ReconcilerFunction() awslambda.Function { return p.reconcilerFunction }

func (p *eventPipeline) ApiLogGroup() awslogs.LogGroup        { return p.apiLogGroup }
func (p *eventPipeline) WorkerLogGroup() awslogs.LogGroup     { return p.workerLogGroup }
func (p *eventPipeline) ReconcilerLogGroup() awslogs.LogGroup { return p.reconcilerLogGroup }
func (p *eventPipeline) AccessLogGroup() awslogs.LogGroup     { return p.accessLogGroup }

func (p *eventPipeline) Dashboard() awscloudwatch.Dashboard { return p.dashboard }
