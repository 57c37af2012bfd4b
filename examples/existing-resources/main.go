// Command existing-resources synthesizes a CDK app whose pipeline uses existing resources. One
// stack contains the data. The second contains the network and the HTTP API. The third contains the
// pipeline.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	data := newData(awscdk.NewStack(app, jsii.String("Data"), nil))
	edge := newEdge(awscdk.NewStack(app, jsii.String("Edge"), nil))
	newEvents(awscdk.NewStack(app, jsii.String("Events"), nil), data, edge)
	app.Synth(nil)
}

func newEvents(scope constructs.Construct, data data, edge edge) {
	props := &eventpipeline.EventPipelineProps{
		BronzeBucket:     data.lake,
		SilverBucket:     data.lake, // records have their own prefix, silver/
		EventsTable:      data.table,
		Queue:            data.queue,
		DeadLetterQueue:  data.deadLetters,
		EventBus:         data.bus,
		LogEncryptionKey: data.key,
		LogRetention:     awslogs.RetentionDays_THREE_MONTHS,
		AlarmTopic:       data.alarms,

		HttpApi: edge.api,
		Vpc:     edge.vpc,

		WorkerFunction: &eventpipeline.FunctionOptions{
			MemorySize:                   jsii.Number(1024),
			Environment:                  &map[string]*string{"TEAM": jsii.String("orders")},
			ReservedConcurrentExecutions: jsii.Number(20),
		},
	}
	pipeline := eventpipeline.NewEventPipeline(scope, jsii.String("Orders"), props)
	pipeline.GrantIngest(edge.shop)
	pipeline.GrantReadSilver(edge.analysts)

	// An aspect adds the organization's permissions boundary to every role.
	boundary := awsiam.ManagedPolicy_FromManagedPolicyName(
		scope, jsii.String("Boundary"), jsii.String("developers"))
	awsiam.PermissionsBoundary_Of(scope).Apply(boundary)
}
