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
		KmsKey:       p.props.EventBusEncryptionKey, // the CDK lets EventBridge use it for this bus
	})
}

// busName returns the stack's name, or that of a nested stack's parent, with a hash of the
// construct's path. CloudFormation generates no names for buses, and the CDK's own name is the same
// in stacks that differ in their names only.
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

// rulesID names the construct that contains the users' rules, so that their ids never collide with
// those of the pipeline's parts.
const rulesID = "OnEventProcessed"

func (p *eventPipeline) OnEventProcessed(
	id *string, target awsevents.IRuleTarget,
) awsevents.Rule {
	props := &awsevents.RuleProps{
		EventBus: p.eventBus,
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings(contract.EventSource),
			DetailType: jsii.Strings(contract.EventProcessed),
			// Pipelines may share the bus and Silver's bucket, but not Bronze's.
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

// newSchedule runs the reconciler. A failed run is not retried: the next run does its work.
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
