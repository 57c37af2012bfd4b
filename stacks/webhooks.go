package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// localWebhooks returns one webhook source of each kind for the stage "local". You can try them
// without an account at a sender such as GitHub. To receive webhooks in a deployed stage, add a
// source for each of your senders.
func localWebhooks(stack awscdk.Stack) *[]*eventpipeline.WebhookSource {
	return &[]*eventpipeline.WebhookSource{
		eventpipeline.GitHubWebhook("github", newSecret(stack, "GitHubSecret")),
		eventpipeline.StripeWebhook("stripe", newSecret(stack, "StripeSecret")),
		eventpipeline.SlackWebhook("slack", newSecret(stack, "SlackSecret")),
		eventpipeline.ShopifyWebhook("shopify", newSecret(stack, "ShopifySecret")),
		eventpipeline.StandardWebhook("standard", newSecret(stack, "StandardSecret")),
		eventpipeline.HmacWebhook("hmac", newSecret(stack, "HmacSecret"), eventpipeline.HmacOptions{
			Header:            "X-Signature",
			TimestampHeader:   "X-Timestamp",
			SignedContent:     "{timestamp}.{body}",
			EventTypePointer:  "/type",
			DeliveryIdPointer: "/id",
		}),
	}
}

// newSecret creates a secret with a random value of 32 letters and digits. The value is also valid
// base64, which some kinds of sources require.
func newSecret(stack awscdk.Stack, id string) awssecretsmanager.Secret {
	secret := awssecretsmanager.NewSecret(stack, &id, &awssecretsmanager.SecretProps{
		Description: jsii.String("Verifies webhooks; see docs/webhooks.md"),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			ExcludePunctuation: jsii.Bool(true), PasswordLength: jsii.Number(32),
		},
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	suppress(secret.Node().DefaultChild().(awscdk.CfnResource), "AwsSolutions-SMG4",
		"The sender must learn each new value, so a function can't rotate the secret. "+
			"The command eventpipeline webhooks rotate creates a new value.")
	return secret
}
