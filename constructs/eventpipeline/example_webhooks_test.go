package eventpipeline_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// The pipeline receives webhooks from GitHub.
func ExampleGitHubWebhook() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Events"), nil)
	props := &eventpipeline.EventPipelineProps{}
	secret := awssecretsmanager.NewSecret(stack, jsii.String("GitHubSecret"), nil)
	props.Webhooks = &[]*eventpipeline.WebhookSource{
		eventpipeline.GitHubWebhook("github", secret),
	}
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("Pipeline"), props)
	// Enter this URL in the settings of the repository.
	awscdk.NewCfnOutput(stack, jsii.String("WebhookUrl"), &awscdk.CfnOutputProps{
		Value: pipeline.WebhookUrl(jsii.String("github")),
	})
	app.Synth(nil)
}

// The pipeline receives webhooks from several senders. HmacOptions define the signatures of the
// sender acme.
func ExampleHmacWebhook() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Events"), nil)
	secret := awssecretsmanager.NewSecret(stack, jsii.String("GitHubSecret"), nil)
	stripeSecret := awssecretsmanager.Secret_FromSecretNameV2(
		stack, jsii.String("StripeSecret"), jsii.String("stripe"))
	github := eventpipeline.GitHubWebhook("github", secret)
	github.Headers = jsii.Strings("X-GitHub-Hook-ID")
	props := &eventpipeline.EventPipelineProps{
		Webhooks: &[]*eventpipeline.WebhookSource{
			github,
			eventpipeline.StripeWebhook("stripe", stripeSecret),
			eventpipeline.HmacWebhook("acme", secret, eventpipeline.HmacOptions{
				Header:            "X-Acme-Signature",
				Prefix:            "v1=",
				TimestampHeader:   "X-Acme-Timestamp",
				SignedContent:     "{timestamp}.{body}",
				EventTypePointer:  "/type",
				DeliveryIdPointer: "/id",
			}),
		},
	}
	eventpipeline.NewEventPipeline(stack, jsii.String("Pipeline"), props)
	app.Synth(nil)
}
