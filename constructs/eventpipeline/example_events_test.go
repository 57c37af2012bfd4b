package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// A Lambda function is invoked for each processed event.
func ExampleEventPipeline_OnEventProcessed() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	index := awslambda.Function_FromFunctionName(
		stack, jsii.String("Function"), jsii.String("index"))

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	pipeline.OnEventProcessed(jsii.String("Index"), awseventstargets.NewLambdaFunction(index, nil))
	app.Synth(nil)
}

// A queue of another stack receives a message for each processed event.
func ExampleEventPipeline_OnEventProcessedIn() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	consumers := awscdk.NewStack(app, jsii.String("Consumers"), nil)
	queue := awssqs.NewQueue(consumers, jsii.String("Queue"), nil)

	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Events"), nil)
	target := awseventstargets.NewSqsQueue(queue, nil)
	pipeline.OnEventProcessedIn(consumers, jsii.String("ToQueue"), target)
	app.Synth(nil)
}

// A queue receives a message for each failed event.
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
