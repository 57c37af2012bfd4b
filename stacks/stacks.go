// Package stacks defines the stages of the platform. Each stage is one stack, which contains one
// EventPipeline.
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

// Names of the stages.
const (
	Dev   = "dev"   // for experiments: deleting the stack deletes all data
	Prod  = "prod"  // retains its data and has termination protection
	Local = "local" // for `eventpipeline local`: dev with an open API by default
)

var stages = []string{Dev, Prod, Local}

// project is the first part of each stack's name. The names of a stack's resources begin with the
// stack's name.
const project = "event-driven-cloud-platform"

// New adds a stage's stack to the app.
func New(app awscdk.App, stage string) (awscdk.Stack, error) {
	props, err := stageProps(stage, wantsAuthorization(app))
	if err != nil {
		return nil, err
	}
	name := project + "-" + stage
	stack := awscdk.NewStack(app, &name, &awscdk.StackProps{
		StackName:             &name,
		Description:           jsii.String("EventPipeline, stage " + stage),
		TerminationProtection: jsii.Bool(stage == Prod),
		Tags:                  tags(stage), // tags of the stack itself
	})
	for key, value := range *tags(stage) {
		awscdk.Tags_Of(stack).Add(jsii.String(key), value, &awscdk.TagProps{
			// cfn-lint reports an error for tags of a dashboard.
			ExcludeResourceTypes: jsii.Strings("AWS::CloudWatch::Dashboard"),
		})
	}
	props.PhysicalNamePrefix = &name
	if stage == Local {
		props.Webhooks = localWebhooks(stack)
	}
	pipeline := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), props)
	if stage == Local {
		awscdk.Annotations_Of(pipeline).AcknowledgeWarning(
			jsii.String(eventpipeline.OpenApiWarning),
			jsii.String("the local platform listens on loopback only"))
		suppressOpenRoutes(pipeline.HttpApi())
	}
	if props.RemovalPolicy == awscdk.RemovalPolicy_DESTROY {
		denyAutoDeleteLogs(stack)
	}
	addOutputs(stack, pipeline)
	return stack, nil
}

// wantsAuthorization reports whether the local stage must have the same authorization as a deployed
// stage. The value of AuthorizeContext can be the bool true or the string "true".
func wantsAuthorization(app awscdk.App) bool {
	return fmt.Sprint(app.Node().TryGetContext(jsii.String(contract.AuthorizeContext))) == "true"
}

func stageProps(stage string, authorize bool) (*eventpipeline.EventPipelineProps, error) {
	switch stage {
	case Dev:
		return &eventpipeline.EventPipelineProps{RemovalPolicy: awscdk.RemovalPolicy_DESTROY}, nil
	case Prod:
		return &eventpipeline.EventPipelineProps{RemovalPolicy: awscdk.RemovalPolicy_RETAIN}, nil
	case Local:
		props := &eventpipeline.EventPipelineProps{
			RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
			Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
			// With these high limits, a load test is limited by the machine and not by throttling.
			ThrottlingRateLimit:  jsii.Number(10000),
			ThrottlingBurstLimit: jsii.Number(10000),
			// The times are short, so that developers can watch the reconciler work.
			ReconcilerInterval:    awscdk.Duration_Minutes(jsii.Number(1)),
			ReconcilerGracePeriod: awscdk.Duration_Minutes(jsii.Number(5)),
			// The timeout equals ReconcilerInterval, so two runs never overlap. Two runs at once
			// slow down the machine.
			ReconcilerFunction: &eventpipeline.FunctionOptions{
				Timeout: awscdk.Duration_Minutes(jsii.Number(1)),
			},
		}
		if authorize {
			props.Authorization = "" // the default
		}
		return props, nil
	}
	return nil, fmt.Errorf("stage must be one of %s, got %q: pass it as -c stage=%s",
		strings.Join(stages, ", "), stage, Dev)
}

// tags returns the tags that all resources of a stage have.
func tags(stage string) *map[string]*string {
	return &map[string]*string{
		"project":     jsii.String(project),   // for cost reports
		"environment": jsii.String(stage),     // the stage
		"managed-by":  jsii.String("aws-cdk"), // warns against manual changes
	}
}

// denyAutoDeleteLogs forbids the CDK's function that empties buckets to write logs. The log group
// of this function belongs to no stack, so it would remain after the stack's deletion.
func denyAutoDeleteLogs(stack awscdk.Stack) {
	const id = "Custom::S3AutoDeleteObjectsCustomResourceProvider"
	provider := stack.Node().TryFindChild(jsii.String(id))
	if provider == nil {
		return // the props are invalid, and synth fails
	}
	role := provider.Node().FindChild(jsii.String("Role")).(awscdk.CfnResource)
	role.AddPropertyDeletionOverride(jsii.String("ManagedPolicyArns"))
}

// suppressOpenRoutes suppresses cdk-nag's rule about routes without authorization.
func suppressOpenRoutes(api awsapigatewayv2.IHttpApi) {
	for _, child := range *api.Node().Children() {
		if route, ok := child.Node().DefaultChild().(awsapigatewayv2.CfnRoute); ok {
			suppress(route, "AwsSolutions-APIG4", "The stage is for eventpipeline local, which "+
				"listens on loopback only. In any other stage, synth adds a warning about an open "+
				"API.")
		}
	}
}

// suppress adds metadata to a resource, so that cdk-nag ignores the rule for this resource.
func suppress(resource awscdk.CfnResource, rule, reason string) {
	resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{
		"rules_to_suppress": []any{map[string]any{"id": rule, "reason": reason}},
	})
}

// addOutputs adds the stack outputs that the CLI and users read.
func addOutputs(stack awscdk.Stack, p eventpipeline.EventPipeline) {
	for _, output := range []struct {
		name, description string
		value             *string
	}{
		{contract.OutputAPIURL, "URL of the API, to which clients append events", p.ApiUrl()},
		{contract.OutputBronzeBucket, "Raw payloads, under bronze/", p.BronzeBucket().BucketName()},
		{contract.OutputSilverBucket, "Records, under silver/", p.SilverBucket().BucketName()},
		{contract.OutputEventsTable, "Status of each event", p.EventsTable().TableName()},
		{contract.OutputQueueURL, "References to events for the worker", p.Queue().QueueUrl()},
		{
			contract.OutputDeadLetterQueueURL, "References to failed events",
			p.DeadLetterQueue().QueueUrl(),
		},
		{contract.OutputAPIFunction, "Accepts events", p.ApiFunction().FunctionName()},
		{contract.OutputWorkerFunction, "Processes events", p.WorkerFunction().FunctionName()},
		{
			contract.OutputReconcilerFunction, "Repairs events that a crash left unfinished",
			p.ReconcilerFunction().FunctionName(),
		},
		{
			contract.OutputEventBus, "Receives EventProcessed and EventFailed",
			p.EventBus().EventBusName(),
		},
	} {
		props := &awscdk.CfnOutputProps{Value: output.value, Description: &output.description}
		awscdk.NewCfnOutput(stack, &output.name, props)
	}
}
