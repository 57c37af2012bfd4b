package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// found is a pipeline of a stack, with its resources by the names that stacks/stacks.go gives its outputs.
type found struct {
	stack   string
	name    string // the construct's id, without the stack's
	region  string
	apiID   string // of the HTTP API, "" when it is not the pipeline's own
	outputs map[string]string
}

// workerID is the logical id of a pipeline's worker function: the construct's path, and a hash.
var workerID = regexp.MustCompile(`^(.*)WorkerFunction[0-9A-F]{8}$`)

// discoverAll finds the pipelines of stacks.
func discoverAll(ctx context.Context, cfg aws.Config, stacks []string) ([]found, error) {
	var pipelines []found
	for _, stack := range stacks {
		more, err := discover(ctx, cfg, stack)
		if err != nil {
			return nil, err
		}
		pipelines = append(pipelines, more...)
	}
	return pipelines, nil
}

// discover finds the pipelines of a stack, by name or ARN, and of those that are nested in it, by what their functions are
// told to work on, so that apps need no outputs.
func discover(ctx context.Context, cfg aws.Config, stack string) ([]found, error) {
	byQueue := map[string]*found{}
	apis := map[string]string{} // id by logical id
	var nested []string         // ARNs
	functions := lambda.NewFromConfig(cfg)
	pages := cloudformation.NewListStackResourcesPaginator(cloudformation.NewFromConfig(cfg), &cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the resources of stack %s: %w", stack, err)
		}
		for _, r := range page.StackResourceSummaries {
			logicalID, id := aws.ToString(r.LogicalResourceId), aws.ToString(r.PhysicalResourceId)
			switch aws.ToString(r.ResourceType) {
			case "AWS::ApiGatewayV2::Api":
				apis[logicalID] = id
			case "AWS::CloudFormation::Stack":
				if arn.IsARN(id) { // the local platform does not run those whose template is not the app's
					nested = append(nested, id)
				}
			case "AWS::Lambda::Function":
				c, err := functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &id})
				var missing *lambdatypes.ResourceNotFoundException
				if errors.As(err, &missing) {
					continue // it is not run locally, such as the CDK's own that empty buckets
				}
				if err != nil {
					return nil, fmt.Errorf("look up function %s of stack %s: %w", logicalID, stack, err)
				}
				if c.Environment != nil {
					note(byQueue, logicalID, id, aws.ToString(c.FunctionArn), c.Environment.Variables)
				}
			}
		}
	}
	var pipelines []found
	for _, queue := range slices.Sorted(maps.Keys(byQueue)) {
		f := byQueue[queue]
		if f.outputs["WorkerFunctionName"] == "" {
			continue // functions of somebody else's
		}
		f.stack = stackName(stack)
		for logicalID, id := range apis {
			if strings.HasPrefix(logicalID, f.name+"HttpApi") || len(apis) == 1 && len(byQueue) == 1 {
				f.apiID = id
			}
		}
		pipelines = append(pipelines, *f)
	}
	slices.SortFunc(pipelines, func(a, b found) int { return strings.Compare(a.name, b.name) })
	for _, id := range nested {
		more, err := discover(ctx, cfg, id)
		if err != nil {
			return nil, err
		}
		pipelines = append(pipelines, more...)
	}
	return pipelines, nil
}

// stackName is the name in a stack's ARN, arn:…:stack/NAME/ID; a plain name is returned as it is.
func stackName(reference string) string {
	if _, after, ok := strings.Cut(reference, ":stack/"); ok {
		reference, _, _ = strings.Cut(after, "/")
	}
	return reference
}

// note adds to the pipelines, by their queues, what a function's environment says.
func note(byQueue map[string]*found, logicalID, name, functionARN string, variables map[string]string) {
	queue := variables[contract.QueueURL]
	if queue == "" || variables[contract.EventsTable] == "" {
		return
	}
	f := byQueue[queue]
	if f == nil {
		f = &found{outputs: map[string]string{}}
		byQueue[queue] = f
	}
	for output, variable := range map[string]string{
		"QueueUrl": contract.QueueURL, "EventsTableName": contract.EventsTable, "BronzeBucketName": contract.BronzeBucket,
		"SilverBucketName": contract.SilverBucket, "DeadLetterQueueUrl": contract.DeadLetterQueueURL, "EventBusName": contract.EventBusName,
	} {
		if value := variables[variable]; value != "" {
			f.outputs[output] = value
		}
	}
	switch {
	case variables[contract.MaxReceiveCount] != "":
		f.outputs["WorkerFunctionName"], f.name = name, logicalID
		if id := workerID.FindStringSubmatch(logicalID); id != nil {
			f.name = id[1]
		}
	case variables[contract.ReconcileGraceSeconds] != "":
		f.outputs["ReconcilerFunctionName"] = name
	case variables[contract.MaxPayloadBytes] != "":
		f.outputs["ApiFunctionName"] = name
	}
	if parsed, err := arn.Parse(functionARN); err == nil {
		f.region = parsed.Region
	}
}
