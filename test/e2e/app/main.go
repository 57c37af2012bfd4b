// Command app is a CDK app with a pipeline that has little patience: what waits for minutes elsewhere, for a killed worker's
// messages or the reconciler's grace, waits for seconds here. Its API is open, or asks for tokens in the stage "jwt"; in
// the stage "canary" it logs all that it can. The stage "several" is other pipelines: two in a stack, and one across two.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	if app.Node().TryGetContext(jsii.String("stage")) == "several" {
		addSeveral(app)
		app.Synth(nil)
		return
	}
	stack := awscdk.NewStack(app, jsii.String("impatient"), nil)
	props := &eventpipeline.EventPipelineProps{
		PhysicalNamePrefix:    jsii.String("impatient"),
		RemovalPolicy:         awscdk.RemovalPolicy_DESTROY,
		Authorization:         eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
		ThrottlingRateLimit:   jsii.Number(10000),
		ThrottlingBurstLimit:  jsii.Number(10000),
		SchemaDirectory:       jsii.String("test/e2e/app/schemas"),
		WorkerTimeout:         awscdk.Duration_Seconds(jsii.Number(5)), // so the visibility timeout is 30 seconds
		ReconcilerInterval:    awscdk.Duration_Minutes(jsii.Number(1)),
		ReconcilerGracePeriod: awscdk.Duration_Seconds(jsii.Number(30)),
	}
	stage := app.Node().TryGetContext(jsii.String("stage"))
	if stage == "jwt" {
		props.Authorization = eventpipeline.AuthorizationJWT
		props.JwtAuthorizer = &eventpipeline.JwtAuthorizerProps{
			Issuer: jsii.String("https://login.example.org"), Audience: jsii.Strings("events"),
			IngestScopes: jsii.Strings("events/write"), StatusScopes: jsii.Strings("events/read"),
		}
	}
	if stage == "canary" {
		props.LogLevel = jsii.String("debug")
	}
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), props)
	addOutputs(stack, pipeline, "")
	app.Synth(nil)
}

// addOutputs adds what the commands look for, with a prefix for all but the first pipeline of a stack.
func addOutputs(stack awscdk.Stack, pipeline eventpipeline.EventPipeline, prefix string) {
	for name, value := range map[string]*string{
		"ApiUrl":                 pipeline.ApiUrl(),
		"BronzeBucketName":       pipeline.BronzeBucket().BucketName(),
		"SilverBucketName":       pipeline.SilverBucket().BucketName(),
		"EventBusName":           pipeline.EventBus().EventBusName(),
		"EventsTableName":        pipeline.EventsTable().TableName(),
		"QueueUrl":               pipeline.Queue().QueueUrl(),
		"DeadLetterQueueUrl":     pipeline.DeadLetterQueue().QueueUrl(),
		"ReconcilerFunctionName": pipeline.ReconcilerFunction().FunctionName(),
	} {
		awscdk.NewCfnOutput(stack, jsii.String(prefix+name), &awscdk.CfnOutputProps{Value: value})
	}
}
