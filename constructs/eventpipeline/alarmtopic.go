package eventpipeline

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// allowAlarms lets CloudWatch publish to the alarm topic and use the topic's key, if the app
// creates them. docs/construct.md contains the statements for an imported topic or key.
func allowAlarms(p *eventPipeline) {
	topic := p.props.AlarmTopic
	if topic == nil {
		return
	}
	if key := topic.MasterKey(); key != nil {
		statement := alarmStatement(p, "*", "kms:GenerateDataKey*", "kms:Decrypt")
		key.AddToResourcePolicy(statement, jsii.Bool(true))
	}
	awscdk.Aspects_Of(topic).Add(&alarmTopicPolicies{p}, nil)
}

// alarmTopicPolicies is an aspect of the alarm topic. The CDK calls aspects after the app's own
// code. Visit therefore sees all policies that the app has attached to the topic.
type alarmTopicPolicies struct{ pipeline *eventPipeline }

// Visit lets CloudWatch publish to the topic. It adds a statement to each topic policy that the app
// has created, and to the policy of the topic's key.
//
// A topic without a policy needs no statement, because SNS's default policy lets CloudWatch
// publish.
func (a *alarmTopicPolicies) Visit(node constructs.IConstruct) {
	p, topic := a.pipeline, a.pipeline.props.AlarmTopic
	if *node.Node().Path() != *topic.Node().Path() {
		return
	}
	stack := topic.Stack()
	arn := formatJSON(stack.Resolve(topic.TopicArn()))
	isTopic := func(reference *string) bool { return formatJSON(stack.Resolve(reference)) == arn }
	var keys []*string // of the topic's L1 resource
	for _, node := range *stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		switch node := node.(type) {
		case awssns.CfnTopic:
			if key := node.KmsMasterKeyId(); key != nil &&
				(isTopic(node.Ref()) || isTopic(node.AttrTopicArn())) {
				keys = append(keys, key)
				p.validation.require(*key != "alias/aws/sns", "AlarmTopic",
					"must not use the key alias/aws/sns: CloudWatch can't use this key. Use a "+
						"customer managed key")
			}
		case awssns.CfnTopicPolicy:
			if strings.Contains(formatJSON(stack.Resolve(node.Topics())), arn) {
				allowPublishing(p, node)
			}
		}
	}
	if topic.MasterKey() == nil {
		for _, key := range keys {
			allowKeyOfTopic(p, stack, key)
		}
	}
}

// allowPublishing lets CloudWatch publish to the alarm topic. If an L2 construct owns the policy,
// allowPublishing adds the statement to this construct. Otherwise, it changes the L1 resource.
func allowPublishing(p *eventPipeline, policy awssns.CfnTopicPolicy) {
	statement := alarmStatement(p, *p.props.AlarmTopic.TopicArn(), "sns:Publish")
	if parent, ok := policy.Node().Scope().(awssns.TopicPolicy); ok {
		parent.Document().AddStatements(statement)
		return
	}
	policy.SetPolicyDocument(withStatement(policy.Stack(), policy.PolicyDocument(), statement))
}

// allowKeyOfTopic lets CloudWatch use a KMS key that the app set on the topic's L1 resource.
// CloudWatch needs this key to publish to the topic.
func allowKeyOfTopic(p *eventPipeline, stack awscdk.Stack, reference *string) {
	statement := alarmStatement(p, "*", "kms:GenerateDataKey*", "kms:Decrypt")
	for _, node := range *stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		key, ok := node.(awskms.CfnKey)
		if !ok || !sameValue(stack, reference, key.Ref()) &&
			!sameValue(stack, reference, key.AttrKeyId()) &&
			!sameValue(stack, reference, key.AttrArn()) {
			continue
		}
		if parent, ok := key.Node().Scope().(awskms.Key); ok {
			parent.AddToResourcePolicy(statement, jsii.Bool(true))
			continue
		}
		key.SetKeyPolicy(withStatement(stack, key.KeyPolicy(), statement))
	}
}

// sameValue reports whether two texts are equal after their tokens have been resolved.
func sameValue(stack awscdk.Stack, a, b *string) bool {
	return formatJSON(stack.Resolve(a)) == formatJSON(stack.Resolve(b))
}

// withStatement returns the policy document of an L1 resource with an additional statement. If the
// document is not an object, withStatement returns it unchanged.
func withStatement(stack awscdk.Stack, document any, statement awsiam.PolicyStatement) any {
	policy, ok := stack.Resolve(document).(map[string]any)
	if !ok {
		return document
	}
	added := stack.Resolve(awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{
		Statements: &[]awsiam.PolicyStatement{statement},
	})).(map[string]any)
	statements, isList := policy["Statement"].([]any)
	if !isList {
		statements = []any{policy["Statement"]}
	}
	policy["Statement"] = append(statements, added["Statement"].([]any)...)
	return policy
}

// alarmStatement returns a statement that lets CloudWatch perform the actions on resource. The
// statement applies only to alarms in the pipeline's account and region.
func alarmStatement(p *eventPipeline, resource string, actions ...string) awsiam.PolicyStatement {
	stack := awscdk.Stack_Of(p)
	alarms := stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("cloudwatch"), Resource: jsii.String("alarm"),
		ResourceName: jsii.String("*"), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: servicePrincipal("cloudwatch.amazonaws.com"),
		Actions:    jsii.Strings(actions...),
		Resources:  jsii.Strings(resource),
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()},
			"ArnLike":      map[string]any{"aws:SourceArn": alarms},
		},
	})
}
