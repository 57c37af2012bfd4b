// Command app is a CDK app with a pipeline for tests. The visibility timeout and the reconciler's
// grace period are 30 seconds, much shorter than the defaults. The API is public. These stages
// differ:
//   - jwt: the API requires tokens
//   - browser: pages of all origins may call the API, the API accepts the media type text/plain,
//     and notifications are CloudEvents
//   - canary: the functions log at the level debug, and the API receives webhooks from GitHub
//   - outage: MaxReceiveCount has its minimum
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("impatient"), nil)
	props := &eventpipeline.EventPipelineProps{
		PhysicalNamePrefix:   jsii.String("impatient"),
		RemovalPolicy:        awscdk.RemovalPolicy_DESTROY,
		Authorization:        eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
		ThrottlingRateLimit:  jsii.Number(10000),
		ThrottlingBurstLimit: jsii.Number(10000),
		SchemaDirectory:      jsii.String("test/e2e/app/schemas"),
		// The visibility timeout is 30 seconds, six times the worker's timeout.
		WorkerFunction: &eventpipeline.FunctionOptions{
			Timeout: awscdk.Duration_Seconds(jsii.Number(5)),
		},
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
	if stage == "browser" {
		props.AcceptTextPlain = jsii.Bool(true)
		props.CorsPreflight = &awsapigatewayv2.CorsPreflightOptions{
			AllowOrigins: jsii.Strings("*"),
		}
		props.NotificationFormat = eventpipeline.NotificationFormatCloudEvents
	}
	if stage == "canary" {
		props.LogLevel = jsii.String("debug")
		secret := awssecretsmanager.Secret_FromSecretNameV2(stack, jsii.String("Secret"),
			jsii.String("github"))
		props.Webhooks = &[]*eventpipeline.WebhookSource{
			eventpipeline.GitHubWebhook("github", secret),
		}
	}
	if stage == "outage" {
		props.MaxReceiveCount = jsii.Number(3)
	}
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), props)
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
		awscdk.NewCfnOutput(stack, &name, &awscdk.CfnOutputProps{Value: value})
	}
	app.Synth(nil)
}
