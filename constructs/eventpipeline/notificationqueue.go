package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// newNotificationDeadLetterQueue creates the queue of notifications that EventBridge could not
// deliver or could not encrypt. SQS's own key encrypts the queue, so that a missing permission for
// a KMS key can't lose a notification.
func newNotificationDeadLetterQueue(p *eventPipeline) awssqs.IQueue {
	queue := awssqs.NewQueue(p, jsii.String("NotificationDeadLetterQueue"), &awssqs.QueueProps{
		QueueName:       p.physicalName("notifications-dlq"),
		RetentionPeriod: days(14), // SQS's maximum
		EnforceSSL:      jsii.Bool(true),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		RemovalPolicy:   removalPolicy(p.props),
	})
	stack := awscdk.Stack_Of(p)
	sources := []*string{rulesOfBus(p)}
	if p.props.EventBus == nil {
		sources = append(sources, eventsARN(stack, "event-bus", *p.eventBus.EventBusName()))
	}
	queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: servicePrincipal("events.amazonaws.com"),
		Actions:    jsii.Strings("sqs:SendMessage"),
		Resources:  &[]*string{queue.QueueArn()},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": sources}},
	}))
	if bus, ok := p.eventBus.Node().DefaultChild().(awsevents.CfnEventBus); ok &&
		p.props.EventBus == nil {
		bus.SetDeadLetterConfig(&awsevents.CfnEventBus_DeadLetterConfigProperty{
			Arn: queue.QueueArn(),
		})
	}
	return queue
}

// rulesOfBus returns a pattern that matches the ARNs of all rules of the bus. The ARN of a rule
// contains the bus's name, except for the default bus. The queue's policy can't name each rule,
// because a rule may be in another stack that depends on this stack.
func rulesOfBus(p *eventPipeline) *string {
	name := *p.eventBus.EventBusName()
	imported := p.eventBus.Node().DefaultChild() == nil
	if imported && (name == "default" || isUnresolved(&name)) {
		return eventsARN(awscdk.Stack_Of(p), "rule", "*")
	}
	return eventsARN(awscdk.Stack_Of(p), "rule", name+"/*")
}

func eventsARN(stack awscdk.Stack, resource, name string) *string {
	return stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("events"), Resource: &resource, ResourceName: &name,
	})
}
