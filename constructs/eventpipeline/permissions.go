package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// newRole creates a function's role, which may write to its log group and use the VPC. The CDK's
// grant methods would add wildcards and actions that the functions don't call.
func newRole(p *eventPipeline, id string, logGroup awslogs.LogGroup) awsiam.Role {
	role := awsiam.NewRole(p, &id, &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	allow(role, logGroup.LogGroupArn(), "logs:CreateLogStream", "logs:PutLogEvents")
	if p.props.Vpc != nil {
		allowNetworkInterfaces(role)
	}
	return role
}

func grantApi(p *eventPipeline, role awsiam.IRole) {
	allow(role, p.bronzeBucket.ArnForObjects(jsii.String(bronzeObjects)), "s3:PutObject")
	allow(role, p.eventsTable.TableArn(), "dynamodb:PutItem", "dynamodb:GetItem")
	allow(role, p.queue.QueueArn(), "sqs:SendMessage")

	allowKey(p, role, p.bronzeBucket.EncryptionKey(), "s3", "kms:GenerateDataKey")
	allowKey(p, role, p.eventsTable.EncryptionKey(), "dynamodb", "kms:Decrypt")
	allowQueueKey(p, role, p.queue.EncryptionMasterKey())
}

func grantWorker(p *eventPipeline, role awsiam.IRole) {
	allow(role, p.bronzeBucket.ArnForObjects(jsii.String(bronzeObjects)), "s3:GetObject")
	allowList(role, p.bronzeBucket, bronzeObjects)
	// A replay reads the record that it replaces.
	silver := p.silverBucket.ArnForObjects(jsii.String(silverObjects))
	allow(role, silver, "s3:PutObject", "s3:GetObject")
	allowList(role, p.silverBucket, silverObjects)
	allow(role, p.eventsTable.TableArn(), "dynamodb:BatchGetItem", "dynamodb:UpdateItem")
	// The event source mapping needs the first three. It uses the function's role.
	allow(role, p.queue.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage",
		"sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility")
	allow(role, p.deadLetterQueue.QueueArn(), "sqs:SendMessage")
	allowPublish(p, role)

	allowKey(p, role, p.bronzeBucket.EncryptionKey(), "s3", "kms:Decrypt")
	allowKey(p, role, p.silverBucket.EncryptionKey(), "s3", "kms:GenerateDataKey", "kms:Decrypt")
	allowKey(p, role, p.eventsTable.EncryptionKey(), "dynamodb", "kms:Decrypt")
	allowQueueKey(p, role, p.queue.EncryptionMasterKey())
	allowQueueKey(p, role, p.deadLetterQueue.EncryptionMasterKey()) // usually the same key
}

func grantReconciler(p *eventPipeline, role awsiam.IRole) {
	allowList(role, p.bronzeBucket, bronzeObjects)
	allow(role, p.silverBucket.ArnForObjects(jsii.String(silverObjects)), "s3:GetObject")
	allowList(role, p.silverBucket, silverObjects)
	// It reads the checkpoint by GetItem, and writes it and moved items by PutItem.
	allow(role, p.eventsTable.TableArn(), "dynamodb:BatchGetItem", "dynamodb:GetItem",
		"dynamodb:PutItem", "dynamodb:UpdateItem")
	allow(role, p.queue.QueueArn(), "sqs:GetQueueAttributes", "sqs:SendMessage")
	allow(role, p.deadLetterQueue.QueueArn(), "sqs:SendMessage")
	allowPublish(p, role)

	allowKey(p, role, p.silverBucket.EncryptionKey(), "s3", "kms:Decrypt")
	allowKey(p, role, p.eventsTable.EncryptionKey(), "dynamodb", "kms:Decrypt")
	allowQueueKey(p, role, p.queue.EncryptionMasterKey())
	allowQueueKey(p, role, p.deadLetterQueue.EncryptionMasterKey()) // usually the same key
}

// allowNetworkInterfaces lets Lambda attach the functions to a VPC. Lambda requires these actions
// on all resources. Calls by the function's code carry lambda:SourceFunctionArn and stay denied;
// the CDK's managed policy, which it adds to its own roles only, would allow them.
func allowNetworkInterfaces(role awsiam.IRole) {
	allowIf(role, jsii.String("*"), &condition{"Null", "lambda:SourceFunctionArn", "true"},
		"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
		"ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses",
		"ec2:UnassignPrivateIpAddresses")
}

// allowList lets the role list objects that match a pattern. Without it, S3 answers 403 instead of
// 404 for a missing object.
func allowList(role awsiam.IRole, bucket awss3.IBucket, objects string) {
	allowIf(role, bucket.BucketArn(), underPrefix(objects), "s3:ListBucket")
}

// allowPublish lets the role put events with the pipeline's source only, since others may share the
// bus.
func allowPublish(p *eventPipeline, role awsiam.IRole) {
	source := &condition{"StringEquals", "events:source", contract.EventSource}
	allowIf(role, p.eventBus.EventBusArn(), source, "events:PutEvents")
}

func allowQueueKey(p *eventPipeline, role awsiam.IRole, key awskms.IKey) {
	allowKey(p, role, key, "sqs", "kms:GenerateDataKey", "kms:Decrypt")
}

// allowKey lets the role use a key, if there is one, through the service only. EventBridge and
// CloudWatch Logs use theirs as service principals.
func allowKey(
	p *eventPipeline, role awsiam.IRole, key awskms.IKey, service string, actions ...string,
) {
	if key != nil {
		allowIf(role, key.KeyArn(), viaService(p, service), actions...)
	}
}

func allow(role awsiam.IRole, resource *string, actions ...string) {
	allowIf(role, resource, nil, actions...)
}

func allowIf(role awsiam.IRole, resource *string, condition *condition, actions ...string) {
	var conditions map[string]any
	if condition != nil {
		conditions = map[string]any{
			condition.operator: map[string]string{condition.key: condition.value},
		}
	}
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:    jsii.Strings(actions...),
		Resources:  &[]*string{resource},
		Conditions: &conditions,
	}))
}

// condition restricts a policy statement.
type condition struct{ operator, key, value string }

// viaService requires that the service calls KMS, in the stack's region.
func viaService(p *eventPipeline, service string) *condition {
	stack := awscdk.Stack_Of(p)
	host := service + "." + *stack.Region() + "." + *stack.UrlSuffix()
	return &condition{"StringEquals", "kms:ViaService", host}
}

// underPrefix requires that a list request is for keys that match the pattern.
func underPrefix(objects string) *condition {
	return &condition{"StringLike", "s3:prefix", objects}
}
