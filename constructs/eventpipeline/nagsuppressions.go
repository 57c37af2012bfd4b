package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// nagSuppression names a cdk-nag rule that a resource violates on purpose, with the reason.
type nagSuppression struct {
	rule, reason string
	appliesTo    []string // patterns of findings; nil means all findings
}

// suppressNagRules suppresses the findings of cdk-nag's packs AwsSolutions and Serverless about the
// resources that the pipeline creates. The template contains the reasons.
func suppressNagRules(p *eventPipeline) {
	if p.props.DeadLetterQueue == nil {
		suppress(p.deadLetterQueue, "Serverless-SQSRedrivePolicy",
			"This queue is the dead-letter queue. An alarm fires if the queue contains messages.")
	}
	const isDLQ = "This queue is EventBridge's dead-letter queue. An alarm fires if the queue " +
		"contains messages."
	addSuppressions(p.notificationDLQ,
		nagSuppression{rule: "Serverless-SQSRedrivePolicy", reason: isDLQ},
		nagSuppression{rule: "AwsSolutions-SQS3", reason: isDLQ})
	suppress(p.apiFunction, "Serverless-LambdaDLQ", "The HTTP API invokes this function "+
		"synchronously, and the client gets the error. Lambda uses a dead-letter queue only for "+
		"asynchronous invocations.")
	suppress(p.workerFunction, "Serverless-LambdaDLQ", "The event source mapping invokes this "+
		"function synchronously. Messages that fail go to the dead-letter queue.")
	suppress(p.eventSource, "Serverless-LambdaEventSourceMappingDestination", "Lambda has no "+
		"destinations for failures of SQS sources. The queue has a dead-letter queue instead.")
	const nextRun = "If a run fails or does not start, an alarm fires, and the next run " +
		"continues from the same checkpoint. A dead-letter queue would contain only messages of " +
		"the schedule, which nobody needs."
	suppress(p.reconcilerFunction, "Serverless-LambdaDLQ", nextRun)
	suppress(p.schedule, "Serverless-EventBusDLQ", nextRun)

	if p.props.EventsTable == nil && p.props.RemovalPolicy == awscdk.RemovalPolicy_DESTROY {
		suppress(p.eventsTable, "AwsSolutions-DDB3", "The pipeline's data must be deleted with "+
			"the stack. With point-in-time recovery, a backup of the table would remain.")
	}
	if p.props.HttpApi == nil {
		if route := p.httpApi.Node().TryFindChild(jsii.String("GET--health")); route != nil {
			suppress(route, "AwsSolutions-APIG4", "GET /health returns a constant and reads no "+
				"data. Load balancers and monitors can't sign requests.")
		}
	}
	suppressWebhookRoute(p)

	anyResource := nagSuppression{"AwsSolutions-IAM5",
		"X-Ray's actions do not support resources: IAM accepts only *.",
		[]string{`^Resource::\*$`}}
	if p.props.Vpc != nil {
		anyResource.reason += " Lambda's actions on network interfaces need * too. A condition " +
			"denies them to the function's own code."
	}
	bronze := suppressObjects("BronzeBucket", p.props.BronzeBucket, contract.BronzePrefix)
	silver := suppressObjects("SilverBucket", p.props.SilverBucket, contract.SilverPrefix)
	addSuppressions(defaultPolicy(p.apiFunction.Role()), anyResource, bronze)
	addSuppressions(defaultPolicy(p.workerFunction.Role()), anyResource, bronze, silver)
	addSuppressions(defaultPolicy(p.reconcilerFunction.Role()), anyResource, silver)
}

// suppressWebhookRoute suppresses the finding that the route for webhooks has no authorizer.
func suppressWebhookRoute(p *eventPipeline) {
	parent, id := p.httpApi.Node(), webhookRouteOfNewAPI
	if p.props.HttpApi != nil {
		parent, id = p.Node(), webhookRouteID
	}
	if route := parent.TryFindChild(&id); route != nil {
		suppress(route, "AwsSolutions-APIG4", "Senders of webhooks can't sign for IAM and have no "+
			"tokens. Before the API function does anything else, it verifies the sender's "+
			"signature over the raw body, which an authorizer does not receive.")
	}
}

// suppressObjects returns a suppression for permissions on all objects under a prefix. If the
// pipeline created the bucket, the suppression matches only findings about this bucket. For an
// existing bucket, it matches findings about any bucket.
func suppressObjects(id string, existing awss3.IBucket, prefix string) nagSuppression {
	pattern := `<\w*` + id + `\w*\.Arn>`
	if existing != nil {
		pattern = `.*`
	}
	reason := "Each event has its own object key. The permission covers one action in one " +
		"bucket, under the prefix " + prefix + "."
	findings := []string{`^Resource::` + pattern + `/` + prefix + `\*$`}
	return nagSuppression{"AwsSolutions-IAM5", reason, findings}
}

func defaultPolicy(role awsiam.IRole) constructs.IConstruct {
	return role.Node().FindChild(jsii.String("DefaultPolicy"))
}

func suppress(construct constructs.IConstruct, rule, reason string) {
	addSuppressions(construct, nagSuppression{rule: rule, reason: reason})
}

// addSuppressions adds the metadata that cdk-nag reads.
func addSuppressions(construct constructs.IConstruct, suppressions ...nagSuppression) {
	var rules []any
	for _, s := range suppressions {
		rule := map[string]any{"id": s.rule, "reason": s.reason}
		if s.appliesTo != nil {
			var patterns []any
			for _, pattern := range s.appliesTo {
				patterns = append(patterns, map[string]any{"regex": "/" + pattern + "/"})
			}
			rule["applies_to"] = patterns
		}
		rules = append(rules, rule)
	}
	resource := construct.Node().DefaultChild().(awscdk.CfnResource)
	resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": rules})
}
