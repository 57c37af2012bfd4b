package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// A service's role may post events, read their status and read records.
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

// An imported monitoring role may read the status of all events.
func ExampleEventPipeline_GrantReadStatus() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	monitoring := awsiam.Role_FromRoleName(
		stack, jsii.String("Monitoring"), jsii.String("monitoring"), nil)

	props := &eventpipeline.EventPipelineProps{StatusForAllCallers: jsii.Bool(true)}
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), props)
	pipeline.GrantReadStatus(monitoring).AssertSuccess()
	app.Synth(nil)
}

// An analyst's role may list and read records. It may also use the KMS key, if any, to decrypt
// them.
func ExampleEventPipeline_GrantReadSilver() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	analyst := awsiam.NewRole(stack, jsii.String("Analyst"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewAccountRootPrincipal(),
	})

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.GrantReadSilver(analyst)
	app.Synth(nil)
}
