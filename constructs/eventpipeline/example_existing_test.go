package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// The pipeline uses existing resources and keeps their settings.
func ExampleEventPipelineProps() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	failed := awssqs.NewQueue(stack, jsii.String("Failed"), &awssqs.QueueProps{
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)),
	})
	queue := awssqs.NewQueue(stack, jsii.String("References"), &awssqs.QueueProps{
		VisibilityTimeout: awscdk.Duration_Minutes(jsii.Number(3)),
		DeadLetterQueue: &awssqs.DeadLetterQueue{
			Queue: failed, MaxReceiveCount: jsii.Number(1000),
		},
	})
	lake := awss3.Bucket_FromBucketName(stack, jsii.String("Lake"), jsii.String("lake"))
	bus := awsevents.EventBus_FromEventBusName(
		stack, jsii.String("Default"), jsii.String("default"))
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), &eventpipeline.EventPipelineProps{
		Queue:           queue,
		DeadLetterQueue: failed,
		SilverBucket:    lake,
		EventBus:        bus,
	})
	app.Synth(nil)
}

// DenyOverwriting makes an existing bucket write-once: nobody can overwrite or delete the payloads
// in it.
func ExampleDenyOverwriting() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Orders"), nil)
	lake := awss3.NewBucket(stack, jsii.String("Lake"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:        jsii.Bool(true),
		Versioned:         jsii.Bool(true),
	})
	eventpipeline.DenyOverwriting(lake)
	props := &eventpipeline.EventPipelineProps{BronzeBucket: lake}
	eventpipeline.NewEventPipeline(stack, jsii.String("Events"), props)
	app.Synth(nil)
}
