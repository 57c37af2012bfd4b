// Command own-processor is a CDK app with a pipeline whose worker is this module's own: functions/orders.
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
	if app.Node().TryGetContext(jsii.String("stage")) == "local" { // by `eventpipeline local`, on loopback only
		props.Authorization = eventpipeline.AuthorizationOpenToAnyoneOnTheInternet
	}
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Orders"), props)
	awscdk.NewCfnOutput(stack, jsii.String("ApiUrl"), &awscdk.CfnOutputProps{Value: pipeline.ApiUrl()})
	app.Synth(nil)
}
