package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
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
}

// A service may post events, a queue of yours gets a message for each that was processed, and a topic tells of alarms.
func ExampleNewEventPipeline_props() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	topic := awssns.NewTopic(stack, jsii.String("Alarms"), nil)
	queue := awssqs.NewQueue(stack, jsii.String("Processed"), nil)
	service := awsiam.NewRole(stack, jsii.String("Service"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), nil),
	})

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		BronzeExpiration: awscdk.Duration_Days(jsii.Number(400)),
		AlarmTopic:       topic,
	})
	pipeline.GrantIngest(service) // may post events
	pipeline.OnEventProcessed(jsii.String("ToQueue"), awseventstargets.NewSqsQueue(queue, nil))
	app.Synth(nil)
}

// Events of the types that schemas/<eventType>.json describe are accepted, and no others.
func ExampleNewEventPipeline_schemas() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		SchemaDirectory:   jsii.String("schemas"),
		UnknownEventTypes: eventpipeline.UnknownEventTypesRefuse,
	})
	app.Synth(nil)
}

// The worker is a main package of yours, which calls processor.Start; it gets what it needs beside what the platform does.
func ExampleNewEventPipeline_processor() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		WorkerEntry: jsii.String("./functions/orders"),
	})
	prices := awsdynamodb.NewTable(stack, jsii.String("Prices"), &awsdynamodb.TableProps{
		PartitionKey: &awsdynamodb.Attribute{Name: jsii.String("sku"), Type: awsdynamodb.AttributeType_STRING},
	})
	prices.GrantReadData(pipeline.WorkerFunction())
	pipeline.WorkerFunction().AddEnvironment(jsii.String("PRICES_TABLE"), prices.TableName(), nil)
	app.Synth(nil)
}

// Resources of yours take the place of the pipeline's own, and keep what you set on them.
func ExampleEventPipelineProps() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	failed := awssqs.NewQueue(stack, jsii.String("Failed"), &awssqs.QueueProps{RetentionPeriod: awscdk.Duration_Days(jsii.Number(14))})
	queue := awssqs.NewQueue(stack, jsii.String("References"), &awssqs.QueueProps{
		VisibilityTimeout: awscdk.Duration_Minutes(jsii.Number(3)),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: failed, MaxReceiveCount: jsii.Number(5)},
	})
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		Queue: queue, DeadLetterQueue: failed,
		SilverBucket: awss3.Bucket_FromBucketName(stack, jsii.String("Lake"), jsii.String("lake")),
		EventBus:     awsevents.EventBus_FromEventBusName(stack, jsii.String("Default"), jsii.String("default")),
	})
	app.Synth(nil)
}

// A bucket of yours holds payloads, and nobody can overwrite them there.
func ExampleDenyOverwriting() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	lake := awss3.NewBucket(stack, jsii.String("Lake"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(), EnforceSSL: jsii.Bool(true), Versioned: jsii.Bool(true),
	})
	eventpipeline.DenyOverwriting(lake)
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{BronzeBucket: lake})
	app.Synth(nil)
}
