// Command minimal synthesizes the smallest CDK app with a pipeline: one stack, and nil props.
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
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	app.Synth(nil)
}
