package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// A service's role may post events, look up those that it posted, and read records.
func ExampleEventPipeline_GrantIngest() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	service := awsiam.NewRole(stack, jsii.String("Service"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), nil),
	})

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.GrantIngest(service)
	pipeline.GrantReadStatus(service)
	pipeline.GrantReadSilver(service)
	app.Synth(nil)
}

// A role that is looked up for monitoring may ask for the status of all events.
func ExampleEventPipeline_GrantReadStatus() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	monitoring := awsiam.Role_FromRoleName(stack, jsii.String("Monitoring"), jsii.String("monitoring"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		StatusForAllCallers: jsii.Bool(true),
	})
	pipeline.GrantReadStatus(monitoring).AssertSuccess()
	app.Synth(nil)
}

// An analyst's role may read and list records, and use their key for that.
func ExampleEventPipeline_GrantReadSilver() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	analyst := awsiam.NewRole(stack, jsii.String("Analyst"), &awsiam.RoleProps{AssumedBy: awsiam.NewAccountRootPrincipal()})

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.GrantReadSilver(analyst)
	app.Synth(nil)
}

// An alarm rings when nothing was accepted for an hour.
func ExampleEventPipeline_MetricAccepted() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.MetricAccepted(&awscloudwatch.MetricOptions{Period: awscdk.Duration_Hours(jsii.Number(1))}).
		CreateAlarm(stack, jsii.String("NothingAccepted"), &awscloudwatch.CreateAlarmOptions{
			Threshold:          jsii.Number(1),
			EvaluationPeriods:  jsii.Number(1),
			ComparisonOperator: awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD,
			TreatMissingData:   awscloudwatch.TreatMissingData_BREACHING,
		})
	app.Synth(nil)
}

// A dashboard of yours shows what failed, and what of it is still in the DLQ.
func ExampleEventPipeline_MetricFailed() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	dashboard := awscloudwatch.NewDashboard(stack, jsii.String("Dashboard"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	dashboard.AddWidgets(awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Left: &[]awscloudwatch.IMetric{pipeline.MetricFailed(nil), pipeline.MetricDeadLetters(nil)},
	}))
	app.Synth(nil)
}

// A second alarm on the DLQ rings when more than a few messages are in it.
func ExampleEventPipeline_MetricDeadLetters() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.MetricDeadLetters(nil).CreateAlarm(stack, jsii.String("ManyFailed"), &awscloudwatch.CreateAlarmOptions{
		Threshold:         jsii.Number(100),
		EvaluationPeriods: jsii.Number(1),
	})
	app.Synth(nil)
}

// A function of yours is told of each processed event.
func ExampleEventPipeline_OnEventProcessed() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	index := awslambda.Function_FromFunctionName(stack, jsii.String("Function"), jsii.String("index"))

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.OnEventProcessed(jsii.String("Index"), awseventstargets.NewLambdaFunction(index, nil))
	app.Synth(nil)
}

// A queue of yours gets a message for each event that failed.
func ExampleEventPipeline_EventBus() {
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
}

// Every role of the pipeline gets a permissions boundary, by an aspect.
func ExampleEventPipeline_ApiFunction() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	boundary := awsiam.ManagedPolicy_FromManagedPolicyName(stack, jsii.String("Boundary"), jsii.String("boundary"))

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	awsiam.PermissionsBoundary_Of(pipeline).Apply(boundary)
	app.Synth(nil)
}

// What no prop covers is set on the CloudFormation resource below a part.
func ExampleEventPipeline_EventSourceMapping() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	mapping := pipeline.EventSourceMapping().Node().DefaultChild().(awslambda.CfnEventSourceMapping)
	mapping.SetEnabled(jsii.Bool(false))
	table := pipeline.EventsTable().Node().DefaultChild().(awsdynamodb.CfnTable)
	table.AddPropertyOverride(jsii.String("ContributorInsightsSpecification"), map[string]any{"Enabled": true})
	app.Synth(nil)
}
