// Package stacks builds a stage of the platform: one stack with one EventPipeline, and no resource of its own.
package stacks

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// The stages.
const (
	Dev   = "dev"   // for trying things out: destroying it leaves nothing
	Prod  = "prod"  // keeps its data, and is protected from being destroyed
	Local = "local" // for `eventpipeline local`: dev with an open API, or with dev's when the context asks for it
)

var stages = []string{Dev, Prod, Local}

// project begins the name of every stack and, through the construct's prefix, of every resource.
const project = "event-driven-cloud-platform"

// New adds the stack of a stage to the app.
func New(app awscdk.App, stage string) (awscdk.Stack, error) {
	props, err := propsOf(stage, asksToAuthorize(app))
	if err != nil {
		return nil, err
	}
	name := project + "-" + stage
	stack := awscdk.NewStack(app, &name, &awscdk.StackProps{
		StackName:             &name,
		Description:           jsii.String("EventPipeline, stage " + stage),
		TerminationProtection: jsii.Bool(stage == Prod),
		Tags:                  tags(stage), // of the stack itself
	})
	for key, value := range *tags(stage) {
		awscdk.Tags_Of(stack).Add(jsii.String(key), value, &awscdk.TagProps{
			// cfn-lint does not know yet that dashboards take tags.
			ExcludeResourceTypes: jsii.Strings("AWS::CloudWatch::Dashboard"),
		})
	}
	props.PhysicalNamePrefix = &name
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), props)
	if stage == Local {
		awscdk.Annotations_Of(pipeline).AcknowledgeWarning(jsii.String(eventpipeline.OpenApiWarning),
			jsii.String("the local platform listens on loopback only"))
		acceptOpenRoutes(pipeline.HttpApi())
	}
	if props.RemovalPolicy == awscdk.RemovalPolicy_DESTROY {
		silenceBucketCleaner(stack)
	}
	addOutputs(stack, pipeline)
	return stack, nil
}

// asksToAuthorize tells whether the local stage is to have the deployed stages' authorization.
func asksToAuthorize(app awscdk.App) bool {
	return fmt.Sprint(app.Node().TryGetContext(jsii.String(contract.AuthorizeContext))) == "true"
}

func propsOf(stage string, authorize bool) (*eventpipeline.EventPipelineProps, error) {
	switch stage {
	case Dev:
		return &eventpipeline.EventPipelineProps{RemovalPolicy: awscdk.RemovalPolicy_DESTROY}, nil
	case Prod:
		return &eventpipeline.EventPipelineProps{RemovalPolicy: awscdk.RemovalPolicy_RETAIN}, nil
	case Local:
		props := &eventpipeline.EventPipelineProps{
			RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
			Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
			// The quota "throttle rate" of an account: a load test should find this machine's limits, not ours.
			ThrottlingRateLimit:  jsii.Number(10000),
			ThrottlingBurstLimit: jsii.Number(10000),
			// Soon enough to watch it at work.
			ReconcilerInterval:    awscdk.Duration_Minutes(jsii.Number(1)),
			ReconcilerGracePeriod: awscdk.Duration_Minutes(jsii.Number(5)),
		}
		if authorize {
			props.Authorization = "" // as the others have it
		}
		return props, nil
	}
	return nil, fmt.Errorf("there is no stage %q; take one of %s, as in: -c stage=%s", stage, strings.Join(stages, ", "), Dev)
}

// tags are on every resource that takes tags.
func tags(stage string) *map[string]*string {
	return &map[string]*string{
		"project":     jsii.String(project),   // what the resource belongs to, for cost reports
		"environment": jsii.String(stage),     // the stage
		"managed-by":  jsii.String("aws-cdk"), // do not change it by hand
	}
}

// silenceBucketCleaner takes from the function that empties the buckets on destroy the right to write logs: the log
// group that Lambda would make for it belongs to no stack and would be left behind.
func silenceBucketCleaner(stack awscdk.Stack) {
	cleaner := stack.Node().TryFindChild(jsii.String("Custom::S3AutoDeleteObjectsCustomResourceProvider"))
	if cleaner == nil {
		return // the pipeline's props have a mistake, which synth will tell
	}
	role := cleaner.Node().FindChild(jsii.String("Role")).(awscdk.CfnResource)
	role.AddPropertyDeletionOverride(jsii.String("ManagedPolicyArns"))
}

// acceptOpenRoutes notes for cdk-nag why the local stage's routes need no authorization.
func acceptOpenRoutes(api awsapigatewayv2.IHttpApi) {
	for _, child := range *api.Node().Children() {
		if route, ok := child.Node().DefaultChild().(awsapigatewayv2.CfnRoute); ok {
			route.AddMetadata(jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": []any{map[string]any{
				"id": "AwsSolutions-APIG4", "reason": "The stage is for eventpipeline local, which listens on loopback only. The synthesis of an open API warns in any other stage.",
			}}})
		}
	}
}

func addOutputs(stack awscdk.Stack, p eventpipeline.EventPipeline) {
	for _, output := range []struct {
		name, description string
		value             *string
	}{
		{"ApiUrl", "Where clients post events: this, then events", p.ApiUrl()},
		{"BronzeBucketName", "Raw payloads, below bronze/", p.BronzeBucket().BucketName()},
		{"SilverBucketName", "Records, below silver/", p.SilverBucket().BucketName()},
		{"EventsTableName", "The lifecycle of each event", p.EventsTable().TableName()},
		{"QueueUrl", "References on their way to the worker", p.Queue().QueueUrl()},
		{"DeadLetterQueueUrl", "References of events that failed", p.DeadLetterQueue().QueueUrl()},
		{"ApiFunctionName", "Accepts events", p.ApiFunction().FunctionName()},
		{"WorkerFunctionName", "Processes events", p.WorkerFunction().FunctionName()},
		{"ReconcilerFunctionName", "Heals what crashes left", p.ReconcilerFunction().FunctionName()},
		{"EventBusName", "Is told of processed and failed events", p.EventBus().EventBusName()},
	} {
		awscdk.NewCfnOutput(stack, &output.name, &awscdk.CfnOutputProps{Value: output.value, Description: &output.description})
	}
}
