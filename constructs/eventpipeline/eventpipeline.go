package eventpipeline

import (
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

	"github.com/event-driven-cloud-platform/eventpipeline/internal/jsonschema"
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
	// Alarms are all of the pipeline's alarms.
	Alarms() []awscloudwatch.Alarm
	// Dashboard shows the pipeline at work.
	Dashboard() awscloudwatch.Dashboard

	// GrantIngest lets grantee post events. The API must ask for IAM: by others it would be let in, or not, whatever it is
	// granted here.
	GrantIngest(grantee awsiam.IGrantable) awsiam.Grant
	// GrantReadStatus lets grantee ask for the status of events: of its own, unless StatusForAllCallers. The API must ask for
	// IAM.
	GrantReadStatus(grantee awsiam.IGrantable) awsiam.Grant
	// GrantReadSilver lets grantee list and read records, with the key that they are encrypted by.
	GrantReadSilver(grantee awsiam.IGrantable) awsiam.Grant

	// MetricAccepted counts the events that the API function accepted, repeats by Idempotency-Key left out; their sum over 5
	// minutes by default. It and MetricFailed come from the functions' log lines of the LogLevel info.
	MetricAccepted(options *awscloudwatch.MetricOptions) awscloudwatch.Metric
	// MetricFailed counts the events that the worker function gave up; their sum over 5 minutes by default.
	MetricFailed(options *awscloudwatch.MetricOptions) awscloudwatch.Metric
	// MetricDeadLetters is how many messages are in the DLQ; their maximum over 5 minutes by default.
	MetricDeadLetters(options *awscloudwatch.MetricOptions) awscloudwatch.Metric

	// OnEventProcessed adds a rule that tells target of each event that this pipeline has processed, at least once, and of no
	// other's on the same bus.
	OnEventProcessed(id *string, target awsevents.IRuleTarget) awsevents.Rule
}

type eventPipeline struct {
	constructs.Construct
	props    EventPipelineProps
	schemas  jsonschema.Bundle
	mistakes *mistakes

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
	alarms                     []awscloudwatch.Alarm
	dashboard                  awscloudwatch.Dashboard
}

// NewEventPipeline adds a pipeline to scope. Nil props take every default. What is wrong with the props is reported
// when the app is synthesized, all at once.
func NewEventPipeline(scope constructs.Construct, id *string, props *EventPipelineProps) EventPipeline {
	p := &eventPipeline{props: withDefaults(props)}
	constructs.NewConstruct_Override(p, scope, id)
	given, mistakes := p.props, validate(p.props)
	if props != nil {
		mistakes.contradictions(*props)
	}
	p.schemas = readSchemas(p.props, mistakes)
	p.mistakes = mistakes
	p.Node().AddValidation(mistakes)
	if len(mistakes.found) > 0 {
		// The app won't synthesize. Go on with what is right, or CDK's own checks would panic at the first mistake.
		p.props, p.schemas = withDefaults(nil), nil
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
		EventBusName: physicalName(p.props, "events"),
		KmsKey:       p.props.EventBusEncryptionKey, // CDK lets EventBridge use it, for this bus alone
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
func (p *eventPipeline) Alarms() []awscloudwatch.Alarm                    { return p.alarms }
func (p *eventPipeline) Dashboard() awscloudwatch.Dashboard               { return p.dashboard }
