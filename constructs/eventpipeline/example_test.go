package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// Nil props make a pipeline that may go to production.
func ExampleNewEventPipeline() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	app.Synth(nil)
	// Output:
}

// A role of yours may post events, and a queue of yours gets a message for each that was processed.
func ExampleNewEventPipeline_rule() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	topic := awssns.NewTopic(stack, jsii.String("Alarms"), nil)
	queue := awssqs.NewQueue(stack, jsii.String("Processed"), nil)
	role := awsiam.NewRole(stack, jsii.String("Shop"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), nil)})

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		BronzeExpiration: awscdk.Duration_Days(jsii.Number(400)),
		AlarmTopic:       topic,
	})
	pipeline.GrantIngest(role)
	pipeline.OnEventProcessed(jsii.String("OnProcessed"), awseventstargets.NewSqsQueue(queue, nil))
	app.Synth(nil)
	// Output:
}

// Events of the types that testdata/schemas/<eventType>.json describe are accepted, and no others.
func ExampleNewEventPipeline_schemas() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		SchemaDirectory:   jsii.String("testdata/schemas"),
		UnknownEventTypes: eventpipeline.UnknownEventTypesRefuse,
	})
	app.Synth(nil)
	// Output:
}

// A bucket, a table and a bus that are there already take the place of the pipeline's own.
func ExampleNewEventPipeline_bringYourOwn() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	lake := awss3.NewBucket(stack, jsii.String("Lake"), &awss3.BucketProps{Versioned: jsii.Bool(true), EnforceSSL: jsii.Bool(true)})
	eventpipeline.DenyOverwriting(lake)

	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		BronzeBucket: lake,
		SilverBucket: lake, // one for both: the prefixes differ
		EventsTable:  awsdynamodb.Table_FromTableName(stack, jsii.String("Lifecycle"), jsii.String("order-events")),
		EventBus:     awsevents.EventBus_FromEventBusName(stack, jsii.String("Bus"), jsii.String("company")),
	})
	app.Synth(nil)
	// Output:
}

// Functions in a VPC, with variables and a share of the account's concurrency of their own.
func ExampleNewEventPipeline_functions() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		Vpc:                                awsec2.NewVpc(stack, jsii.String("Vpc"), nil),
		WorkerEnvironment:                  &map[string]*string{"TEAM": jsii.String("orders")},
		WorkerReservedConcurrentExecutions: jsii.Number(20),
	})
	app.Synth(nil)
	// Output:
}

// A service may post events and ask for their status; analysts may read records.
func ExampleEventPipeline_grants() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	tasks := awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), nil)
	shop := awsiam.NewRole(stack, jsii.String("Shop"), &awsiam.RoleProps{AssumedBy: tasks})
	analysts := awsiam.NewRole(stack, jsii.String("Analysts"), &awsiam.RoleProps{AssumedBy: tasks})

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.GrantIngest(shop)
	pipeline.GrantReadStatus(shop)
	pipeline.GrantReadSilver(analysts)
	app.Synth(nil)
	// Output:
}

// An alarm of yours, beside the pipeline's own.
func ExampleEventPipeline_metrics() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.MetricAccepted(&awscloudwatch.MetricOptions{Period: awscdk.Duration_Hours(jsii.Number(1))}).
		CreateAlarm(stack, jsii.String("Quiet"), &awscloudwatch.CreateAlarmOptions{
			Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(1), ComparisonOperator: awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD,
		})
	app.Synth(nil)
	// Output:
}

// A rule of yours may ask for more: here for what failed, of all the pipelines on the bus.
func ExampleEventPipeline_failedEvents() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	queue := awssqs.NewQueue(stack, jsii.String("Failed"), nil)
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	awsevents.NewRule(stack, jsii.String("OnFailed"), &awsevents.RuleProps{
		EventBus:     pipeline.EventBus(),
		EventPattern: &awsevents.EventPattern{DetailType: jsii.Strings("EventFailed")},
		Targets:      &[]awsevents.IRuleTarget{awseventstargets.NewSqsQueue(queue, nil)},
	})
	app.Synth(nil)
	// Output:
}

// What no prop covers, overrides of the L1 resources do.
func ExampleEventPipeline_escapeHatches() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	bucket := pipeline.BronzeBucket().Node().DefaultChild().(awss3.CfnBucket)
	bucket.AddPropertyOverride(jsii.String("AccelerateConfiguration.AccelerationStatus"), "Enabled")
	app.Synth(nil)
	// Output:
}
