package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/env"
)

func (p *eventPipeline) OnEventProcessed(id *string, target awsevents.IRuleTarget) awsevents.Rule {
	return awsevents.NewRule(p, id, &awsevents.RuleProps{
		EventBus: p.eventBus,
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings(env.EventSource),
			DetailType: jsii.Strings("EventProcessed"),
			// No other pipeline has this Bronze bucket; Silver's may be shared.
			Detail: &map[string]any{
				"bronze": map[string]any{"bucket": []*string{p.bronzeBucket.BucketName()}},
				"silver": map[string]any{"bucket": []*string{p.silverBucket.BucketName()}},
			},
		},
		Targets: &[]awsevents.IRuleTarget{target},
	})
}
