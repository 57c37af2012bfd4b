package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

func (p *eventPipeline) GrantIngest(grantee awsiam.IGrantable) awsiam.Grant {
	post := awsapigatewayv2.HttpMethod_POST
	return p.grantInvoke("GrantIngest", grantee, post, contract.EventsPath)
}

func (p *eventPipeline) GrantReadStatus(grantee awsiam.IGrantable) awsiam.Grant {
	get := awsapigatewayv2.HttpMethod_GET
	return p.grantInvoke("GrantReadStatus", grantee, get, contract.EventsPath+"/*")
}

func (p *eventPipeline) grantInvoke(
	name string, grantee awsiam.IGrantable, method awsapigatewayv2.HttpMethod, path string,
) awsiam.Grant {
	if p.authorization != AuthorizationIAM {
		p.validation.addError(name, "must be used with Authorization %q, got %q: "+
			"other kinds of authorization ignore grants; omit this grant",
			AuthorizationIAM, p.authorization)
		return awsiam.Grant_Drop(grantee, &name)
	}
	stage := jsii.String("*") // the stages of an existing API are unknown
	if p.httpStage != nil {
		stage = p.httpStage.StageName()
	}
	arn := p.httpApi.ArnForExecuteApi(jsii.String(string(method)), &path, stage)
	return grant(grantee, arn, nil, "execute-api:Invoke")
}

func (p *eventPipeline) GrantReadSilver(grantee awsiam.IGrantable) awsiam.Grant {
	bucket := p.silverBucket
	read := grant(grantee, bucket.ArnForObjects(jsii.String(silverObjects)), nil, "s3:GetObject").
		Combine(grant(grantee, bucket.BucketArn(), underPrefix(silverObjects), "s3:ListBucket"))
	if key := bucket.EncryptionKey(); key != nil {
		read = read.Combine(grant(grantee, keyARN(key), viaService(p, "s3"), "kms:Decrypt"))
	}
	for _, key := range valueOrZero(p.props.FormerEncryptionKeys) {
		read = read.Combine(grant(grantee, keyARN(key), viaService(p, "s3"), "kms:Decrypt"))
	}
	return read
}

// newRole creates a function's role. The role may write to the function's log group and, with a
// VPC, use network interfaces. This file does not use the CDK's grant methods, because they add
// wildcards and actions that the functions don't call.
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
	allowSecrets(p, role)

	allowKey(p, role, p.bronzeBucket.EncryptionKey(), "s3", "kms:GenerateDataKey")
	allowKey(p, role, p.eventsTable.EncryptionKey(), "dynamodb", "kms:Decrypt")
	allowQueueKey(p, role, p.queue.EncryptionMasterKey())
}

func grantWorker(p *eventPipeline, role awsiam.IRole) {
	allow(role, p.bronzeBucket.ArnForObjects(jsii.String(bronzeObjects)), "s3:GetObject")
	allowList(role, p.bronzeBucket, bronzeObjects)
	// In a replay, the worker reads the existing record before it replaces that record.
	silver := p.silverBucket.ArnForObjects(jsii.String(silverObjects))
	allow(role, silver, "s3:PutObject", "s3:GetObject")
	allowList(role, p.silverBucket, silverObjects)
	// PutItem and SendMessage create the events that are split off a batch.
	allow(role, p.eventsTable.TableArn(), "dynamodb:BatchGetItem", "dynamodb:UpdateItem",
		"dynamodb:PutItem")
	// The event source mapping uses this role too. The mapping needs the first three actions.
	allow(role, p.queue.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage",
		"sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility", "sqs:SendMessage")
	allow(role, p.deadLetterQueue.QueueArn(), "sqs:SendMessage")
	allowPublish(p, role)

	allowKey(p, role, p.bronzeBucket.EncryptionKey(), "s3", "kms:Decrypt")
	allowKey(p, role, p.silverBucket.EncryptionKey(), "s3", "kms:GenerateDataKey", "kms:Decrypt")
	allowKey(p, role, p.eventsTable.EncryptionKey(), "dynamodb", "kms:Decrypt")
	allowQueueKey(p, role, p.queue.EncryptionMasterKey())
	allowQueueKey(p, role, p.deadLetterQueue.EncryptionMasterKey()) // usually the same key
	allowFormerKeys(p, role, "s3", "sqs")
}

func grantReconciler(p *eventPipeline, role awsiam.IRole) {
	allowList(role, p.bronzeBucket, bronzeObjects)
	allow(role, p.silverBucket.ArnForObjects(jsii.String(silverObjects)), "s3:GetObject")
	allowList(role, p.silverBucket, silverObjects)
	// GetItem and PutItem read and write the reconciler's checkpoint. PutItem also creates and
	// replaces the items of events.
	allow(role, p.eventsTable.TableArn(), "dynamodb:BatchGetItem", "dynamodb:GetItem",
		"dynamodb:PutItem", "dynamodb:UpdateItem")
	allow(role, p.queue.QueueArn(), "sqs:GetQueueAttributes", "sqs:SendMessage")
	allow(role, p.deadLetterQueue.QueueArn(), "sqs:SendMessage")
	allowPublish(p, role)

	allowKey(p, role, p.silverBucket.EncryptionKey(), "s3", "kms:Decrypt")
	allowKey(p, role, p.eventsTable.EncryptionKey(), "dynamodb", "kms:Decrypt")
	allowQueueKey(p, role, p.queue.EncryptionMasterKey())
	allowQueueKey(p, role, p.deadLetterQueue.EncryptionMasterKey()) // usually the same key
	allowFormerKeys(p, role, "s3")
}

// allowFormerKeys lets the role decrypt data with former keys, but only through the given AWS
// services. DynamoDB needs no former key: after a change of the key, it encrypts the whole table
// again.
func allowFormerKeys(p *eventPipeline, role awsiam.IRole, services ...string) {
	for _, key := range valueOrZero(p.props.FormerEncryptionKeys) {
		for _, service := range services {
			allowKey(p, role, key, service, "kms:Decrypt")
		}
	}
}

// allowNetworkInterfaces lets Lambda attach the functions to a VPC. Lambda needs the EC2 actions on
// all resources.
//
// The function's own code can't call these actions. Its requests have the condition key
// lambda:SourceFunctionArn, and the statement applies only to requests without this key.
func allowNetworkInterfaces(role awsiam.IRole) {
	allowIf(role, jsii.String("*"), &condition{"Null", "lambda:SourceFunctionArn", "true"},
		"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
		"ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses",
		"ec2:UnassignPrivateIpAddresses")
}

// allowList lets the role list the objects whose keys match a pattern. Without this permission, S3
// answers 403 for a missing object, and not 404.
func allowList(role awsiam.IRole, bucket awss3.IBucket, objects string) {
	allowIf(role, bucket.BucketArn(), underPrefix(objects), "s3:ListBucket")
}

// allowPublish lets the role publish events with the source "eventpipeline". The role must not
// publish with the sources of other applications on the same bus.
func allowPublish(p *eventPipeline, role awsiam.IRole) {
	source := &condition{"StringEquals", "events:source", contract.EventSource}
	allowIf(role, p.eventBus.EventBusArn(), source, "events:PutEvents")
}

func allowQueueKey(p *eventPipeline, role awsiam.IRole, key awskms.IKey) {
	allowKey(p, role, key, "sqs", "kms:GenerateDataKey", "kms:Decrypt")
}

// allowKey lets the role use a key, but only through one AWS service. It does nothing if key is
// nil.
//
// The role needs no permission for the keys of the bus and of the log groups, because only
// EventBridge and CloudWatch Logs use them.
func allowKey(
	p *eventPipeline, role awsiam.IRole, key awskms.IKey, service string, actions ...string,
) {
	if key != nil {
		allowIf(role, keyARN(key), viaService(p, service), actions...)
	}
}

// keyARN returns the key's ARN. In a role's policy, the ARN of an alias has no effect.
func keyARN(key awskms.IKey) *string {
	if alias, ok := key.(awskms.IAlias); ok {
		if target := aliasTarget(alias); target != nil {
			return target.KeyArn()
		}
	}
	return key.KeyArn()
}

// aliasTarget returns the key of an alias, or nil if the key is unknown: AliasTargetKey panics for
// an alias that was imported by its name.
func aliasTarget(alias awskms.IAlias) (target awskms.IKey) {
	defer func() { _ = recover() }()
	return alias.AliasTargetKey()
}

// grant lets grantee perform the actions on resource. If condition is not nil, the permission
// applies only to requests that meet it.
func grant(
	grantee awsiam.IGrantable, resource *string, condition *condition, actions ...string,
) awsiam.Grant {
	options := &awsiam.GrantOnPrincipalOptions{
		Grantee:      grantee,
		Actions:      jsii.Strings(actions...),
		ResourceArns: &[]*string{resource},
	}
	if condition != nil {
		options.Conditions = &map[string]*map[string]any{
			condition.operator: {condition.key: condition.value},
		}
	}
	return awsiam.Grant_AddToPrincipal(options)
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

// condition contains the three parts of a policy statement's condition, such as StringLike,
// s3:prefix and silver/*.
type condition struct{ operator, key, value string }

// viaService returns a condition for the use of a key: the service must call KMS for the role, in
// the stack's region.
func viaService(p *eventPipeline, service string) *condition {
	stack := awscdk.Stack_Of(p)
	host := service + "." + *stack.Region() + "." + *stack.UrlSuffix()
	return &condition{"StringEquals", "kms:ViaService", host}
}

// underPrefix returns a condition that allows a list request only if its prefix matches a pattern.
func underPrefix(objects string) *condition {
	return &condition{"StringLike", "s3:prefix", objects}
}
