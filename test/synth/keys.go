package synth

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// NewKey adds a KMS key to a scope.
func NewKey(scope constructs.Construct, id string) awskms.IKey {
	return awskms.NewKey(scope, &id, &awskms.KeyProps{EnableKeyRotation: jsii.Bool(true)})
}

// PipelineWithKeys returns a pipeline with the settings of the dev stage, synthesized once for all
// tests of a package. Each prop that accepts a key has its own key. Tests of the local platform run
// this template and read its outputs.
func PipelineWithKeys(t *testing.T) Template {
	t.Helper()
	return Shared("keys", func() Template {
		stack := NewStack(t)
		Must(t, func() error {
			secret := awssecretsmanager.NewSecret(stack, jsii.String("Secret"),
				&awssecretsmanager.SecretProps{EncryptionKey: NewKey(stack, "SecretKey")})
			p := eventpipeline.NewEventPipeline(
				stack,
				jsii.String("EventPipeline"),
				&eventpipeline.EventPipelineProps{
					PhysicalNamePrefix: jsii.String(Project + "-dev"),
					RemovalPolicy:      awscdk.RemovalPolicy_DESTROY,

					// This key encrypts the queues, because the test sets no other key for them.
					EncryptionKey: NewKey(stack, "Key"),

					BronzeEncryptionKey:      NewKey(stack, "BronzeKey"),
					SilverEncryptionKey:      NewKey(stack, "SilverKey"),
					EventsTableEncryptionKey: NewKey(stack, "TableKey"),
					LogEncryptionKey:         NewKey(stack, "LogKey"),
					EventBusEncryptionKey:    NewKey(stack, "BusKey"),

					Webhooks: &[]*eventpipeline.WebhookSource{
						eventpipeline.GitHubWebhook("github", secret),
					},
				},
			)
			for output, value := range map[string]*string{
				"BronzeBucketName":   p.BronzeBucket().BucketName(),
				"SilverBucketName":   p.SilverBucket().BucketName(),
				"EventsTableName":    p.EventsTable().TableName(),
				"EventBusName":       p.EventBus().EventBusName(),
				"QueueUrl":           p.Queue().QueueUrl(),
				"DeadLetterQueueUrl": p.DeadLetterQueue().QueueUrl(),
				"WebhookSecretArn":   secret.SecretArn(),
			} {
				awscdk.NewCfnOutput(stack, &output, &awscdk.CfnOutputProps{Value: value})
			}
			return nil
		})
		return Synthesize(t, stack)
	})
}
