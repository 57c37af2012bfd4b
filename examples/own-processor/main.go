// Command own-processor synthesizes a CDK app whose pipeline uses the worker in functions/orders.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("orders"), nil)
	props := &eventpipeline.EventPipelineProps{WorkerEntry: jsii.String("./functions/orders")}
	// The local platform needs no authorization: it listens on loopback only.
	if app.Node().TryGetContext(jsii.String("stage")) == "local" {
		props.Authorization = eventpipeline.AuthorizationOpenToAnyoneOnTheInternet
	}
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Orders"), props)
	awscdk.NewCfnOutput(stack, jsii.String("ApiUrl"), &awscdk.CfnOutputProps{
		Value: pipeline.ApiUrl(),
	})
	app.Synth(nil)
}
