package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/jsii-runtime-go"
)

func newEventBus(p *eventPipeline) awsevents.IEventBus {
	if p.props.EventBus != nil {
		return p.props.EventBus
	}
	return awsevents.NewEventBus(p, jsii.String("EventBus"), &awsevents.EventBusProps{
		EventBusName: busName(p),
		// The CDK adds a statement to the key's policy that lets EventBridge use the key.
		KmsKey: p.props.EventBusEncryptionKey,
	})
}

// allowBus lets EventBridge decrypt notifications with key, a former key of the pipeline's own bus.
// EventBridge keeps undelivered notifications for up to 24 hours. They can still be encrypted with
// the former key.
func allowBus(p *eventPipeline, key awskms.IKey) {
	if p.props.EventBus != nil {
		return
	}
	stack := awscdk.Stack_Of(p)
	// The ARN contains the bus's name as plain text. With a token, the key's stack would depend on
	// the bus's stack.
	arn := eventsARN(stack, "event-bus", *busName(p))
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: servicePrincipal("events.amazonaws.com"),
		Actions:    jsii.Strings("kms:Decrypt"),
		Resources:  jsii.Strings("*"), // in a key policy, * means this key
		Conditions: &map[string]any{"StringEquals": map[string]any{
			"aws:SourceAccount": stack.Account(),
			"aws:SourceArn":     arn,
			"kms:EncryptionContext:aws:events:event-bus:arn": arn,
		}},
	}), jsii.Bool(true))
}

// busName returns the name of the event bus. CloudFormation does not generate names for buses, and
// the CDK's default name can be the same in two stacks.
//
// Without PhysicalNamePrefix, the name therefore begins with the stack's name, or with the parent
// stack's name for a nested stack. It ends with a hash of the construct's path.
func busName(p *eventPipeline) *string {
	if name := p.physicalName("events"); name != nil {
		return name
	}
	return awscdk.Names_UniqueResourceName(p, &awscdk.UniqueResourceNameOptions{
		Separator:                jsii.String("-"),
		AllowedSpecialCharacters: jsii.String("-"),
		MaxLength:                jsii.Number(256), // EventBridge's limit
	})
}

// rulesOfBus returns a pattern that matches the ARNs of all rules of the bus. A rule's ARN contains
// the name of its bus, except for the default bus.
//
// The queue's policy uses the pattern because it can't name each rule: rules can be in other stacks
// that depend on this stack.
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
