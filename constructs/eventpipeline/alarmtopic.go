package eventpipeline

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// allowAlarms lets CloudWatch publish to the alarm topic and use the topic's key. It can change the
// policies only if the app creates the topic and the key. docs/construct.md contains the statements
// for an imported topic or key.
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
// code, so Visit sees every policy that the app has attached to the topic.
type alarmTopicPolicies struct{ pipeline *eventPipeline }

// Visit adds a statement to each policy that the app has attached to the topic. A topic without
// such a policy needs no statement: SNS's default policy lets CloudWatch publish, and a new policy
// would replace it.
func (a *alarmTopicPolicies) Visit(node constructs.IConstruct) {
	p, topic := a.pipeline, a.pipeline.props.AlarmTopic
	if resource, ok := node.(awssns.CfnTopic); ok {
		key := resource.KmsMasterKeyId()
		p.validation.require(key == nil || *key != "alias/aws/sns", "AlarmTopic",
			"must not use the key alias/aws/sns: CloudWatch can't use this key. Use a customer "+
				"managed key")
	}
	if *node.Node().Path() != *topic.Node().Path() {
		return
	}
	for _, policy := range topicPolicies(topic) {
		policy.Document().AddStatements(alarmStatement(p, *topic.TopicArn(), "sns:Publish"))
	}
}

// topicPolicies returns the topic's policies. It searches the topic's whole stack, because the app
// may have created a policy outside of the topic's construct.
func topicPolicies(topic awssns.ITopic) (policies []awssns.TopicPolicy) {
	stack := topic.Stack()
	arn := formatJSON(stack.Resolve(topic.TopicArn()))
	for _, node := range *stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		policy, ok := node.(awssns.TopicPolicy)
		if !ok {
			continue
		}
		resource := policy.Node().DefaultChild().(awssns.CfnTopicPolicy)
		if strings.Contains(formatJSON(stack.Resolve(resource.Topics())), arn) {
			policies = append(policies, policy)
		}
	}
	return policies
}

// alarmStatement returns a statement that lets CloudWatch perform the actions for the alarms of the
// pipeline's account and region.
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
