package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// What the keys of the buckets' objects begin with.
const (
	bronzePrefix = contract.BronzePrefix + "*"
	silverPrefix = contract.SilverPrefix + "*"
)

func grantApi(p *eventPipeline, role awsiam.IRole) {
	allow(role, p.bronzeBucket.ArnForObjects(jsii.String(bronzePrefix)), "s3:PutObject")
	allow(role, p.eventsTable.TableArn(), "dynamodb:PutItem", "dynamodb:GetItem")
	allow(role, p.queue.QueueArn(), "sqs:SendMessage")

	allowKey(p, role, p.bronzeBucket.EncryptionKey(), "s3", "kms:GenerateDataKey")
	allowKey(p, role, p.eventsTable.EncryptionKey(), "dynamodb", "kms:Decrypt")
	allowKey(p, role, p.queue.EncryptionMasterKey(), "sqs", "kms:GenerateDataKey", "kms:Decrypt")
}

func grantWorker(p *eventPipeline, role awsiam.IRole) {
	allow(role, p.bronzeBucket.ArnForObjects(jsii.String(bronzePrefix)), "s3:GetObject")
	allowList(role, p.bronzeBucket, bronzePrefix)
	// A replay reads the record that it is to replace.
	allow(role, p.silverBucket.ArnForObjects(jsii.String(silverPrefix)), "s3:PutObject", "s3:GetObject")
	allowList(role, p.silverBucket, silverPrefix)
	allow(role, p.eventsTable.TableArn(), "dynamodb:BatchGetItem", "dynamodb:UpdateItem")
	// The first three are the event source mapping's, which acts in the function's name.
	allow(role, p.queue.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility")
	allow(role, p.deadLetterQueue.QueueArn(), "sqs:SendMessage")
	allowPublish(p, role)

	allowKey(p, role, p.bronzeBucket.EncryptionKey(), "s3", "kms:Decrypt")
	allowKey(p, role, p.silverBucket.EncryptionKey(), "s3", "kms:GenerateDataKey", "kms:Decrypt")
	allowKey(p, role, p.eventsTable.EncryptionKey(), "dynamodb", "kms:Decrypt")
	allowKey(p, role, p.queue.EncryptionMasterKey(), "sqs", "kms:GenerateDataKey", "kms:Decrypt")
	allowKey(p, role, p.deadLetterQueue.EncryptionMasterKey(), "sqs", "kms:GenerateDataKey", "kms:Decrypt") // mostly the same
}

func grantReconciler(p *eventPipeline, role awsiam.IRole) {
	allowList(role, p.bronzeBucket, bronzePrefix)
	allow(role, p.silverBucket.ArnForObjects(jsii.String(silverPrefix)), "s3:GetObject")
	allowList(role, p.silverBucket, silverPrefix)
	// GetItem is for the checkpoint, PutItem for it and for the moves of items.
	allow(role, p.eventsTable.TableArn(), "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
	allow(role, p.queue.QueueArn(), "sqs:GetQueueAttributes", "sqs:SendMessage")
	allow(role, p.deadLetterQueue.QueueArn(), "sqs:SendMessage")
	allowPublish(p, role)

	allowKey(p, role, p.silverBucket.EncryptionKey(), "s3", "kms:Decrypt")
	allowKey(p, role, p.eventsTable.EncryptionKey(), "dynamodb", "kms:Decrypt")
	allowKey(p, role, p.queue.EncryptionMasterKey(), "sqs", "kms:GenerateDataKey", "kms:Decrypt")
	allowKey(p, role, p.deadLetterQueue.EncryptionMasterKey(), "sqs", "kms:GenerateDataKey", "kms:Decrypt") // mostly the same
}

// allowKey lets role use a key, if there is one, through the service that asks for it and not by itself. EventBridge and
// CloudWatch Logs use theirs in their own name.
func allowKey(p *eventPipeline, role awsiam.IRole, key awskms.IKey, name string, actions ...string) {
	if key == nil {
		return
	}
	allowIf(role, key.KeyArn(), via(p, name), actions...)
}

// allowList lets role list what is below a prefix. To one that may not, S3 answers 403 for an object that is missing, as
// for one that is forbidden; it asks as if for a listing of the object's key.
func allowList(role awsiam.IRole, bucket awss3.IBucket, prefix string) {
	allowIf(role, bucket.BucketArn(), below(prefix), "s3:ListBucket")
}

// allowPublish lets role tell the bus, in the pipeline's name alone: the bus may be one that others rely on.
func allowPublish(p *eventPipeline, role awsiam.IRole) {
	allowIf(role, p.eventBus.EventBusArn(), &condition{"StringEquals", "events:source", contract.EventSource}, "events:PutEvents")
}

// allow lets role do the actions on one resource. CDK's grant methods would bring wildcards and actions that nobody uses.
func allow(role awsiam.IRole, resource *string, actions ...string) {
	allowIf(role, resource, nil, actions...)
}

func allowIf(role awsiam.IRole, resource *string, condition *condition, actions ...string) {
	var conditions map[string]any
	if condition != nil {
		conditions = map[string]any{condition.operator: map[string]string{condition.key: condition.value}}
	}
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:    jsii.Strings(actions...),
		Resources:  &[]*string{resource},
		Conditions: &conditions,
	}))
}

// condition is what must be so for a right to hold.
type condition struct{ operator, key, value string }

// via is that the service asks, of this region.
func via(p *eventPipeline, service string) *condition {
	stack := awscdk.Stack_Of(p)
	return &condition{"StringEquals", "kms:ViaService", service + "." + *stack.Region() + "." + *stack.UrlSuffix()}
}

// below is that a listing is of what begins with the prefix.
func below(prefix string) *condition { return &condition{"StringLike", "s3:prefix", prefix} }
