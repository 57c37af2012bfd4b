// Command shop is a CDK app in a separate module. It has two pipelines and other resources. The
// second pipeline is in a nested stack, and its worker is in another module.
package main

import (
	"runtime"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdklambdagoalpha/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), &awscdk.StackProps{
		StackName: jsii.String("shop-backend"),
	})
	topic := awssns.NewTopic(stack, jsii.String("Alarms"), nil)
	orders := eventpipeline.NewEventPipeline(stack, jsii.String("Orders"),
		&eventpipeline.EventPipelineProps{AlarmTopic: topic})
	nested := awscdk.NewNestedStack(stack, jsii.String("Nested"), nil)
	returns := eventpipeline.NewEventPipeline(nested, jsii.String("Returns"),
		&eventpipeline.EventPipelineProps{
			AlarmTopic: topic, WorkerEntry: jsii.String("../returns"),
		})
	notify := awscdklambdagoalpha.NewGoFunction(stack, jsii.String("Notify"),
		&awscdklambdagoalpha.GoFunctionProps{
			Entry:        jsii.String("functions/notify"),
			Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
			Architecture: hostArchitecture(),
		})
	awsevents.NewRule(stack, jsii.String("OnProcessed"), &awsevents.RuleProps{
		EventBus:     orders.EventBus(),
		EventPattern: &awsevents.EventPattern{DetailType: jsii.Strings("EventProcessed")},
		Targets: &[]awsevents.IRuleTarget{
			awseventstargets.NewLambdaFunction(notify, nil),
			awseventstargets.NewSnsTopic(topic, nil),
		},
	})
	awsevents.NewRule(stack, jsii.String("OnReturned"), &awsevents.RuleProps{
		EventBus:     returns.EventBus(),
		EventPattern: &awsevents.EventPattern{DetailType: jsii.Strings("EventProcessed")},
		Targets:      &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(notify, nil)},
	})
	app.Synth(nil)
}

// hostArchitecture returns the architecture of this machine. Functions on the emulator must have
// this architecture.
func hostArchitecture() awslambda.Architecture {
	if runtime.GOARCH == "arm64" {
		return awslambda.Architecture_ARM_64()
	}
	return awslambda.Architecture_X86_64()
}
