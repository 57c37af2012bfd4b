package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// rulesID is the construct below which users' rules are, so that their ids never meet those of the pipeline's own parts.
const rulesID = "OnEventProcessed"

func (p *eventPipeline) OnEventProcessed(id *string, target awsevents.IRuleTarget) awsevents.Rule {
	props := &awsevents.RuleProps{
		EventBus: p.eventBus,
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings(contract.EventSource),
			DetailType: jsii.Strings(contract.EventProcessed),
			// Other pipelines may share the bus, and Silver's bucket, but not Bronze's.
			Detail: &map[string]any{
				"bronze": map[string]any{"bucket": []*string{p.bronzeBucket.BucketName()}},
				"silver": map[string]any{"bucket": []*string{p.silverBucket.BucketName()}},
			},
		},
	}
	if target != nil {
		props.Targets = &[]awsevents.IRuleTarget{target}
	}
	return awsevents.NewRule(p.rules(), id, props)
}

func (p *eventPipeline) rules() constructs.Construct {
	if rules := p.Node().TryFindChild(jsii.String(rulesID)); rules != nil {
		return rules.(constructs.Construct)
	}
	return constructs.NewConstruct(p, jsii.String(rulesID))
}
