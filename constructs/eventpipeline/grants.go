package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

func grantApi(p *eventPipeline, role awsiam.IRole) {
	allow(role, p.bronzeBucket.ArnForObjects(jsii.String("bronze/*")), "s3:PutObject")
	allow(role, p.eventsTable.TableArn(), "dynamodb:PutItem", "dynamodb:GetItem")
	allow(role, p.queue.QueueArn(), "sqs:SendMessage")
}

func grantWorker(p *eventPipeline, role awsiam.IRole) {
	allow(role, p.bronzeBucket.ArnForObjects(jsii.String("bronze/*")), "s3:GetObject")
	// Without it S3 answers 403 for a payload that is missing, as for one that is forbidden.
	allow(role, p.bronzeBucket.BucketArn(), "s3:ListBucket")
	// A replay reads the record that it is to replace.
	allow(role, p.silverBucket.ArnForObjects(jsii.String("silver/*")), "s3:PutObject", "s3:GetObject")
	allow(role, p.silverBucket.BucketArn(), "s3:ListBucket") // as above
	allow(role, p.eventsTable.TableArn(), "dynamodb:BatchGetItem", "dynamodb:UpdateItem")
	// The first three are the event source mapping's, which acts in the function's name.
	allow(role, p.queue.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility")
	allow(role, p.deadLetterQueue.QueueArn(), "sqs:SendMessage")
	allow(role, p.eventBus.EventBusArn(), "events:PutEvents")
}

func grantReconciler(p *eventPipeline, role awsiam.IRole) {
	allow(role, p.bronzeBucket.BucketArn(), "s3:ListBucket")
	allow(role, p.silverBucket.ArnForObjects(jsii.String("silver/*")), "s3:GetObject")
	allow(role, p.silverBucket.BucketArn(), "s3:ListBucket") // or a record that is missing looks like one that is forbidden
	// GetItem is for the checkpoint, PutItem for it and for the moves of items.
	allow(role, p.eventsTable.TableArn(), "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
	allow(role, p.queue.QueueArn(), "sqs:GetQueueAttributes", "sqs:SendMessage")
	allow(role, p.deadLetterQueue.QueueArn(), "sqs:SendMessage")
	allow(role, p.eventBus.EventBusArn(), "events:PutEvents")
}

// allow lets role do the actions on one resource. CDK's grant methods would bring wildcards and actions that nobody uses.
func allow(role awsiam.IRole, resource *string, actions ...string) {
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(actions...),
		Resources: &[]*string{resource},
	}))
}
