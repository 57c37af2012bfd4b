package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
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

// busName returns the name of the event bus. CloudFormation does not generate names for buses.
// Without PhysicalNamePrefix, the name begins with the name of the stack, or of a nested stack's
// parent. It ends with a hash of the construct's path.
//
// The CDK could also choose a name. But it would choose the same name in two stacks that differ
// only in the name of the stack.
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

// rulesID is the id of a construct that contains the rules of OnEventProcessed. Without it, a
// rule's id could collide with the id of a part of the pipeline.
const rulesID = "OnEventProcessed"

func (p *eventPipeline) OnEventProcessed(
	id *string, target awsevents.IRuleTarget,
) awsevents.Rule {
	props := &awsevents.RuleProps{
		EventBus: p.eventBus,
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings(contract.EventSource),
			DetailType: jsii.Strings(contract.EventProcessed),
			// Pipelines may share the bus and the Silver bucket, but not the Bronze bucket. So the
			// name of the Bronze bucket identifies the pipeline.
			Detail: &map[string]any{
				"bronze": map[string]any{"bucket": []*string{p.bronzeBucket.BucketName()}},
				"silver": map[string]any{"bucket": []*string{p.silverBucket.BucketName()}},
			},
		},
	}
	if target != nil {
		props.Targets = &[]awsevents.IRuleTarget{target}
	}
	var rules constructs.Construct
	if child := p.Node().TryFindChild(jsii.String(rulesID)); child != nil {
		rules = child.(constructs.Construct)
	} else {
		rules = constructs.NewConstruct(p, jsii.String(rulesID))
	}
	return awsevents.NewRule(rules, id, props)
}

// newSchedule creates the rule that runs the reconciler. A failed run is not retried, because the
// next run does the same work.
func newSchedule(p *eventPipeline) awsevents.Rule {
	target := awseventstargets.NewLambdaFunction(p.reconcilerFunction,
		&awseventstargets.LambdaFunctionProps{
			RetryAttempts: jsii.Number(0),
			MaxEventAge:   p.props.ReconcilerInterval,
		})
	return awsevents.NewRule(p, jsii.String("Schedule"), &awsevents.RuleProps{
		RuleName:    p.physicalName("reconcile"),
		Description: jsii.String("Runs the reconciler"),
		Enabled:     p.props.ReconcilerEnabled,
		Schedule:    awsevents.Schedule_Rate(p.props.ReconcilerInterval),
		Targets:     &[]awsevents.IRuleTarget{target},
	})
}
