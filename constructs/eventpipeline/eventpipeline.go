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
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonschema"
)

// EventPipeline is a construct that takes events in by HTTP and processes each of them once. Its getters give what it made,
// or what it was given; Node().DefaultChild() of either is the L1 resource, for overrides.
type EventPipeline interface {
	constructs.Construct

	// HttpApi is the API. The pipeline's own is an awsapigatewayv2.HttpApi, to which more routes can be added.
	HttpApi() awsapigatewayv2.IHttpApi
	// HttpStage is the stage of the pipeline's own API; nil if HttpApi is given.
	HttpStage() awsapigatewayv2.HttpStage
	// ApiUrl is where clients post events, less the "events" at its end. Of a given HttpApi it is the default stage's, or nil.
	ApiUrl() *string
	// DomainName is the API's own name; nil if it has none.
	DomainName() awsapigatewayv2.DomainName
	// ApiFunction accepts events.
	ApiFunction() awslambda.Function
	// BronzeBucket holds raw payloads below bronze/.
	BronzeBucket() awss3.IBucket
	// EventsTable holds each event's lifecycle.
	EventsTable() awsdynamodb.ITable
	// Queue carries references from the API function to the worker function.
	Queue() awssqs.IQueue
	// DeadLetterQueue holds the references of events that failed.
	DeadLetterQueue() awssqs.IQueue
	// WorkerFunction processes events.
	WorkerFunction() awslambda.Function
	// EventSourceMapping hands the queue's messages to the worker function.
	EventSourceMapping() awslambda.EventSourceMapping
	// ReconcilerFunction heals what crashes left.
	ReconcilerFunction() awslambda.Function
	// Schedule runs the reconciler function.
	Schedule() awsevents.Rule
	// SilverBucket holds records below silver/.
	SilverBucket() awss3.IBucket
	// ServerAccessLogsBucket has a line for each request to the pipeline's own buckets, below bronze/ and silver/; nil if both
	// are given.
	ServerAccessLogsBucket() awss3.IBucket
	// EventBus is told of processed and failed events.
	EventBus() awsevents.IEventBus
	// ApiLogGroup has the API function's log.
	ApiLogGroup() awslogs.LogGroup
	// WorkerLogGroup has the worker function's log.
	WorkerLogGroup() awslogs.LogGroup
	// ReconcilerLogGroup has the reconciler function's log.
	ReconcilerLogGroup() awslogs.LogGroup
	// AccessLogGroup has a line for each request to the pipeline's own API; nil if HttpApi is given.
	AccessLogGroup() awslogs.LogGroup
	// DeadLettersAlarm fires when messages are in the DLQ.
	DeadLettersAlarm() awscloudwatch.Alarm
	// OldestMessageAlarm fires when a message waits too long for the worker.
	OldestMessageAlarm() awscloudwatch.Alarm
	// ApiServerErrorsAlarm fires when the API answers 5xx.
	ApiServerErrorsAlarm() awscloudwatch.Alarm
	// ApiErrorsAlarm fires when the API function crashes or times out.
	ApiErrorsAlarm() awscloudwatch.Alarm
	// ApiThrottlesAlarm fires when the API function gets no concurrency.
	ApiThrottlesAlarm() awscloudwatch.Alarm
	// WorkerErrorsAlarm fires when the worker function crashes or times out.
	WorkerErrorsAlarm() awscloudwatch.Alarm
	// WorkerThrottlesAlarm fires when the worker function gets no concurrency.
	WorkerThrottlesAlarm() awscloudwatch.Alarm
	// ReconcilerErrorsAlarm fires when the reconciler function fails.
	ReconcilerErrorsAlarm() awscloudwatch.Alarm
	// UnhealedEventsAlarm fires when the reconciler can't heal an event.
	UnhealedEventsAlarm() awscloudwatch.Alarm
	// Alarms returns all alarms of the pipeline.
	Alarms() []awscloudwatch.Alarm
	// Dashboard shows the pipeline at work.
	Dashboard() awscloudwatch.Dashboard

	// GrantIngest lets a principal of this account post events. It is for an API that asks IAM (Authorization); with any
	// other it is a mistake, told at synth. Like all grants it does nothing for principals whose policies the app
	// can't write, such as imported roles that are not mutable; Grant.AssertSuccess asks.
	GrantIngest(grantee awsiam.IGrantable) awsiam.Grant
	// GrantReadStatus lets a principal look events up by GET /events/{eventId}, on the same terms: those that it posted
	// itself, or with StatusForAllCallers all.
	GrantReadStatus(grantee awsiam.IGrantable) awsiam.Grant
	// GrantReadSilver lets a principal read and list the records below silver/, and use the bucket's key for that.
	GrantReadSilver(grantee awsiam.IGrantable) awsiam.Grant

	// MetricAccepted counts the events that were accepted; a repeat of an Idempotency-Key is none. Default: the sum of
	// five minutes. Nil props take every default.
	MetricAccepted(props *awscloudwatch.MetricOptions) awscloudwatch.Metric
	// MetricFailed counts what failed for good: messages that the worker gave to the DLQ, events that the reconciler gave
	// up. Default: the sum of five minutes.
	MetricFailed(props *awscloudwatch.MetricOptions) awscloudwatch.Metric
	// MetricDeadLetters is how many messages are in the DLQ. Default: the most in five minutes.
	MetricDeadLetters(props *awscloudwatch.MetricOptions) awscloudwatch.Metric

	// OnEventProcessed tells a target of each event of this pipeline that was processed, whoever else is on the bus. A
	// target may be told twice: it drops repeats by detail.eventId. A nil target can be added to the rule later.
	OnEventProcessed(id *string, target awsevents.IRuleTarget) awsevents.Rule
}

type eventPipeline struct {
	constructs.Construct
	props         EventPipelineProps
	schemas       jsonschema.Bundle
	mistakes      *mistakes
	authorization Authorization // as asked for, even where mistakes put other props aside

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

// NewEventPipeline adds a pipeline to scope. Nil props take every default. What is wrong with the props is reported
// when the app is synthesized, all at once.
func NewEventPipeline(scope constructs.Construct, id *string, props *EventPipelineProps) EventPipeline {
	mistakes := &mistakes{found: []*string{}}
	props = mistakes.known(props)
	p := &eventPipeline{props: withDefaults(props)}
	constructs.NewConstruct_Override(p, scope, id)
	given := p.props
	mistakes.validate(given)
	mistakes.elsewhere(awscdk.Stack_Of(p), given)
	if props != nil {
		mistakes.contradictions(*props)
	}
	p.schemas = readSchemas(p.props, mistakes)
	p.mistakes, p.authorization = mistakes, p.props.Authorization
	p.Node().AddValidation(mistakes)
	if len(mistakes.found) > 0 {
		p.props, p.schemas = standIn(p, given), nil
	}

	allowLogs(p, p.props.LogEncryptionKey)
	p.serverAccessLogsBucket = newServerAccessLogsBucket(p)
	p.bronzeBucket = newBronzeBucket(p)
	p.silverBucket = newSilverBucket(p)
	p.eventsTable = newEventsTable(p, p.props)
	p.deadLetterQueue = newDeadLetterQueue(p, p.props)
	p.queue = newQueue(p, p.props, p.deadLetterQueue)
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
		p.accessLogGroup = newLogGroup(p, "AccessLogGroup", accessLogs, "api")
		p.httpStage = newStage(p, p.accessLogGroup)
	}

	m := newMetrics(p)
	p.alarms = newAlarms(p, m)
	p.dashboard = newDashboard(p, m)
	acceptFindings(p)
	mistakes.atSynth(p, given)
	return p
}

func newEventBus(p *eventPipeline) awsevents.IEventBus {
	if p.props.EventBus != nil {
		return p.props.EventBus
	}
	return awsevents.NewEventBus(p, jsii.String("EventBus"), &awsevents.EventBusProps{
		EventBusName: busName(p),
		KmsKey:       p.props.EventBusEncryptionKey, // CDK lets EventBridge use it, for this bus alone
	})
}

// busName begins with the stack's name, or that of the stack that it is nested in, and ends in a hash of the construct's path.
// CloudFormation makes no names for buses, and CDK's are alike in stacks that differ in their names alone.
func busName(p *eventPipeline) *string {
	if name := physicalName(p.props, "events"); name != nil {
		return name
	}
	return awscdk.Names_UniqueResourceName(p, &awscdk.UniqueResourceNameOptions{
		Separator: jsii.String("-"), AllowedSpecialCharacters: jsii.String("-"), MaxLength: jsii.Number(256), // EventBridge's
	})
}

func (p *eventPipeline) HttpApi() awsapigatewayv2.IHttpApi                { return p.httpApi }
func (p *eventPipeline) HttpStage() awsapigatewayv2.HttpStage             { return p.httpStage }
func (p *eventPipeline) ApiUrl() *string                                  { return apiUrl(p) }
func (p *eventPipeline) DomainName() awsapigatewayv2.DomainName           { return p.domainName }
func (p *eventPipeline) ApiFunction() awslambda.Function                  { return p.apiFunction }
func (p *eventPipeline) BronzeBucket() awss3.IBucket                      { return p.bronzeBucket }
func (p *eventPipeline) EventsTable() awsdynamodb.ITable                  { return p.eventsTable }
func (p *eventPipeline) Queue() awssqs.IQueue                             { return p.queue }
func (p *eventPipeline) DeadLetterQueue() awssqs.IQueue                   { return p.deadLetterQueue }
func (p *eventPipeline) WorkerFunction() awslambda.Function               { return p.workerFunction }
func (p *eventPipeline) EventSourceMapping() awslambda.EventSourceMapping { return p.eventSource }
func (p *eventPipeline) ReconcilerFunction() awslambda.Function           { return p.reconcilerFunction }
func (p *eventPipeline) Schedule() awsevents.Rule                         { return p.schedule }
func (p *eventPipeline) SilverBucket() awss3.IBucket                      { return p.silverBucket }
func (p *eventPipeline) ServerAccessLogsBucket() awss3.IBucket            { return p.serverAccessLogsBucket }
func (p *eventPipeline) EventBus() awsevents.IEventBus                    { return p.eventBus }
func (p *eventPipeline) ApiLogGroup() awslogs.LogGroup                    { return p.apiLogGroup }
func (p *eventPipeline) WorkerLogGroup() awslogs.LogGroup                 { return p.workerLogGroup }
func (p *eventPipeline) ReconcilerLogGroup() awslogs.LogGroup             { return p.reconcilerLogGroup }
func (p *eventPipeline) AccessLogGroup() awslogs.LogGroup                 { return p.accessLogGroup }
func (p *eventPipeline) Dashboard() awscloudwatch.Dashboard               { return p.dashboard }
