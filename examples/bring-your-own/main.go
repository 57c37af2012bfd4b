// Command bring-your-own is a CDK app whose pipeline is made of parts that are there already: data in one stack, the network
// and the API in another, and the pipeline in a third.
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
	pipeline := eventpipeline.NewEventPipeline(scope, jsii.String("Orders"), &eventpipeline.EventPipelineProps{
		BronzeBucket:     data.lake,
		SilverBucket:     data.lake, // one for both: what is below bronze/ and silver/ does not mix
		EventsTable:      data.table,
		Queue:            data.queue,
		DeadLetterQueue:  data.deadLetters,
		EventBus:         data.bus,
		LogEncryptionKey: data.key,
		LogRetention:     awslogs.RetentionDays_THREE_MONTHS,
		AlarmTopic:       data.alarms,

		HttpApi: edge.api,
		Vpc:     edge.vpc,

		WorkerMemorySize:                   jsii.Number(1024),
		WorkerEnvironment:                  &map[string]*string{"TEAM": jsii.String("orders")},
		WorkerReservedConcurrentExecutions: jsii.Number(20),
	})
	pipeline.GrantIngest(edge.shop)
	pipeline.GrantReadSilver(edge.analysts)

	// What your organization asks of every role, by an aspect.
	boundary := awsiam.ManagedPolicy_FromManagedPolicyName(scope, jsii.String("Boundary"), jsii.String("developers"))
	awsiam.PermissionsBoundary_Of(scope).Apply(boundary)
}
