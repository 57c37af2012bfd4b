package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// finding is a rule of cdk-nag that a resource does not keep, and why that is as it should be.
type finding struct {
	rule, reason string
	appliesTo    []string // patterns of the rule's own findings; all of them when empty
}

// acceptFindings notes on the resources what cdk-nag's packs AwsSolutions and Serverless would report. Apps that run them
// see the rest alone.
func acceptFindings(p *eventPipeline) {
	if p.props.DeadLetterQueue == nil {
		accept(p.deadLetterQueue, finding{rule: "Serverless-SQSRedrivePolicy", reason: "It is the dead-letter queue. What arrives here rings an alarm."})
	}
	accept(p.apiFunction, finding{rule: "Serverless-LambdaDLQ", reason: "It is invoked synchronously, by the HTTP API, whose client gets the error. Lambda uses a dead-letter queue for asynchronous invocations only."})
	accept(p.workerFunction, finding{rule: "Serverless-LambdaDLQ", reason: "It is invoked synchronously, by the event source mapping. What it can't process goes to the queue's dead-letter queue."})
	accept(p.eventSource, finding{rule: "Serverless-LambdaEventSourceMappingDestination", reason: "Lambda has no destinations for failures of SQS sources: the queue's own redrive policy leads to the dead-letter queue."})
	const nextRun = "A run that fails or does not begin is made good by the next, which goes on from the same checkpoint, and rings an alarm. A dead-letter queue would hold ticks of a clock."
	accept(p.reconcilerFunction, finding{rule: "Serverless-LambdaDLQ", reason: nextRun})
	accept(p.schedule, finding{rule: "Serverless-EventBusDLQ", reason: nextRun})

	acceptHealth(p)

	everything := finding{"AwsSolutions-IAM5", "X-Ray's actions are on no resource: IAM takes them with * alone.", []string{`^Resource::\*$`}}
	if p.props.Vpc != nil {
		everything.reason += " So does Lambda ask for those on network interfaces, which the function's own code may not use."
	}
	bronze := finding{"AwsSolutions-IAM5", "Each event has a key of its own: the right is on one action, one bucket and the prefix bronze/.", objectsOf("BronzeBucket", p.props.BronzeBucket, "bronze")}
	silver := finding{"AwsSolutions-IAM5", "Each event has a key of its own: the right is on one action, one bucket and the prefix silver/.", objectsOf("SilverBucket", p.props.SilverBucket, "silver")}
	accept(policyOf(p.apiFunction.Role()), everything, bronze)
	accept(policyOf(p.workerFunction.Role()), everything, bronze, silver)
	accept(policyOf(p.reconcilerFunction.Role()), everything, silver)
}

// objectsOf are the findings about a bucket's objects below a prefix: the pipeline's own bucket by its id, one of the
// user's by whatever it is referred to.
func objectsOf(id string, given awss3.IBucket, prefix string) []string {
	if given != nil {
		return []string{`^Resource::.*/` + prefix + `/\*$`}
	}
	return []string{`^Resource::<\w*` + id + `\w*\.Arn>/` + prefix + `/\*$`}
}

// acceptHealth is about the one route of the pipeline's own API that is open in any case.
func acceptHealth(p *eventPipeline) {
	if p.props.HttpApi != nil {
		return
	}
	if route := p.httpApi.Node().TryFindChild(jsii.String("GET--health")); route != nil {
		accept(route, finding{rule: "AwsSolutions-APIG4", reason: "GET /health answers with a constant: it reads nothing and tells nothing. Load balancers and monitors can't sign."})
	}
}

// policyOf is what a role is granted.
func policyOf(role awsiam.IRole) constructs.IConstruct {
	return role.Node().FindChild(jsii.String("DefaultPolicy"))
}

// accept writes findings where cdk-nag looks for what is suppressed.
func accept(construct constructs.IConstruct, findings ...finding) {
	var rules []any
	for _, f := range findings {
		rule := map[string]any{"id": f.rule, "reason": f.reason}
		if f.appliesTo != nil {
			var patterns []any
			for _, pattern := range f.appliesTo {
				patterns = append(patterns, map[string]any{"regex": "/" + pattern + "/"})
			}
			rule["applies_to"] = patterns
		}
		rules = append(rules, rule)
	}
	resource := construct.Node().DefaultChild().(awscdk.CfnResource)
	resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": rules})
}
