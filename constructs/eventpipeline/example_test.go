package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// Nil props create a pipeline for production.
func ExampleNewEventPipeline() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	app.Synth(nil)
}

// A service may post events. A queue receives a message for each processed event. A topic receives
// alarms.
func ExampleNewEventPipeline_props() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	topic := awssns.NewTopic(stack, jsii.String("Alarms"), nil)
	queue := awssqs.NewQueue(stack, jsii.String("Processed"), nil)
	service := awsiam.NewRole(stack, jsii.String("Service"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), nil),
	})

	props := &eventpipeline.EventPipelineProps{
		BronzeExpiration: awscdk.Duration_Days(jsii.Number(400)),
		AlarmTopic:       topic,
	}
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), props)
	pipeline.GrantIngest(service)
	pipeline.OnEventProcessed(jsii.String("ToQueue"), awseventstargets.NewSqsQueue(queue, nil))
	app.Synth(nil)
}

// The API rejects events that violate the schema of their type in schemas/<eventType>.json. It also
// rejects events whose type has no schema.
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

// The app builds the worker function from its own main package, which calls processor.Start. The
// function may access a table, whose name is in an environment variable.
func ExampleNewEventPipeline_processor() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	props := &eventpipeline.EventPipelineProps{WorkerEntry: jsii.String("./functions/orders")}
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), props)
	prices := awsdynamodb.NewTable(stack, jsii.String("Prices"), &awsdynamodb.TableProps{
		PartitionKey: &awsdynamodb.Attribute{
			Name: jsii.String("sku"), Type: awsdynamodb.AttributeType_STRING,
		},
	})
	prices.GrantReadData(pipeline.WorkerFunction())
	name := jsii.String("PRICES_TABLE")
	pipeline.WorkerFunction().AddEnvironment(name, prices.TableName(), nil)
	app.Synth(nil)
}

// A key of the app encrypts all data at rest.
func ExampleNewEventPipeline_encryption() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	key := awskms.NewKey(stack, jsii.String("Key"), &awskms.KeyProps{
		EnableKeyRotation: jsii.Bool(true),
	})
	props := &eventpipeline.EventPipelineProps{EncryptionKey: key}
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), props)
	app.Synth(nil)
}

// The worker function gets more memory and a longer timeout.
func ExampleFunctionOptions() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		WorkerFunction: &eventpipeline.FunctionOptions{
			MemorySize:  jsii.Number(1024),
			Timeout:     awscdk.Duration_Minutes(jsii.Number(2)),
			Environment: &map[string]*string{"TEAM": jsii.String("orders")},
		},
	})
	app.Synth(nil)
}

// An aspect adds a permissions boundary to all roles of the pipeline.
func ExampleEventPipeline_ApiFunction() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	boundary := awsiam.ManagedPolicy_FromManagedPolicyName(
		stack, jsii.String("Boundary"), jsii.String("boundary"))

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	awsiam.PermissionsBoundary_Of(pipeline).Apply(boundary)
	app.Synth(nil)
}

// The app changes settings that no prop covers. It sets them on the CloudFormation resources of the
// event source mapping and the table.
func ExampleEventPipeline_EventSourceMapping() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	mapping := pipeline.EventSourceMapping().Node().DefaultChild().(awslambda.CfnEventSourceMapping)
	mapping.SetEnabled(jsii.Bool(false))
	table := pipeline.EventsTable().Node().DefaultChild().(awsdynamodb.CfnTable)
	insights := map[string]any{"Enabled": true}
	table.AddPropertyOverride(jsii.String("ContributorInsightsSpecification"), insights)
	app.Synth(nil)
}
