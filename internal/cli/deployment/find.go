package deployment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// ErrNoPipeline is returned by Find for stacks without a pipeline.
var ErrNoPipeline = errors.New("no stack here has an EventPipeline")

// ChoiceError reports that the name selects no pipeline, or no single one.
type ChoiceError struct{ message string }

func (e *ChoiceError) Error() string { return e.message }

// Stacks returns the stack of that name. Without a name it returns all stacks but nested ones,
// which Find looks up in their parents.
func Stacks(ctx context.Context, cfg aws.Config, name string) ([]types.Stack, error) {
	input := &cloudformation.DescribeStacksInput{}
	if name != "" {
		input.StackName = &name
	}
	client := cloudformation.NewFromConfig(cfg, func(o *cloudformation.Options) {
		if cfg.BaseEndpoint != nil {
			o.Retryer = aws.NopRetryer{} // a local platform that does not answer is not running
		}
	})
	out, err := client.DescribeStacks(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("look up the stack: %w", err)
	}
	return slices.DeleteFunc(out.Stacks, func(stack types.Stack) bool {
		return name == "" && stack.ParentId != nil
	}), nil
}

// Find returns the pipeline of that name, or "STACK/NAME". Without a name it returns the only one.
func Find(
	ctx context.Context, cfg aws.Config, stacks []types.Stack, name string,
) (Pipeline, error) {
	if len(stacks) == 1 && name == "" {
		if p, ok := fromOutputs(cfg, stacks[0]); ok {
			return p, nil
		}
	}
	var names []string
	for _, stack := range stacks {
		names = append(names, aws.ToString(stack.StackName))
	}
	pipelines, err := FindAll(ctx, cfg, names)
	if err != nil {
		return Pipeline{}, err
	}
	return choose(pipelines, name)
}

// fromOutputs returns the pipeline that a stack's outputs describe as stacks/stacks.go does. It
// saves the calls of FindAll, and the permissions that they need.
func fromOutputs(cfg aws.Config, stack types.Stack) (p Pipeline, complete bool) {
	p.Config, p.Stack, p.Region = cfg, aws.ToString(stack.StackName), region(cfg, stack.StackId)
	fields := p.outputs()
	for _, output := range stack.Outputs {
		if field := fields[aws.ToString(output.OutputKey)]; field != nil {
			*field = aws.ToString(output.OutputValue)
		}
	}
	needed := []string{p.Bronze, p.Silver, p.Table, p.QueueURL, p.DLQURL, p.ReconcilerFunction}
	return p, !slices.Contains(needed, "")
}

// choose returns the pipeline of that name, or the only one.
func choose(pipelines []Pipeline, name string) (Pipeline, error) {
	var names []string
	var chosen []Pipeline
	for _, p := range pipelines {
		path := p.Stack + "/" + p.Name
		if name == "" || name == p.Name || name == path {
			chosen = append(chosen, p)
		}
		ambiguous := slices.ContainsFunc(pipelines, func(other Pipeline) bool {
			return other.Name == p.Name && other.Stack != p.Stack
		})
		if ambiguous {
			names = append(names, path)
		} else {
			names = append(names, p.Name)
		}
	}
	switch {
	case len(pipelines) == 0:
		return Pipeline{}, ErrNoPipeline
	case len(chosen) == 0:
		return Pipeline{}, &ChoiceError{fmt.Sprintf("there is no pipeline %s; there is: %s",
			name, strings.Join(names, ", "))}
	case len(chosen) > 1:
		return Pipeline{}, &ChoiceError{fmt.Sprintf("there are several pipelines; "+
			"choose one with --pipeline: %s", strings.Join(names, ", "))}
	}
	return chosen[0], nil
}

// FindAll returns the pipelines of stacks, given by name or ARN, and of the stacks nested in them.
// It recognises functions by the metadata that the construct writes, so that apps need no outputs.
func FindAll(ctx context.Context, cfg aws.Config, stacks []string) ([]Pipeline, error) {
	var pipelines []Pipeline
	for _, stack := range stacks {
		resources, err := listResources(ctx, cfg, stack)
		if err != nil {
			return nil, err
		}
		own, err := resources.pipelines(ctx, cfg, stack)
		if err != nil {
			return nil, err
		}
		nested, err := FindAll(ctx, cfg, resources.nested)
		if err != nil {
			return nil, err
		}
		pipelines = append(append(pipelines, own...), nested...)
	}
	return pipelines, nil
}

// resources lists the parts of a stack that may belong to pipelines.
type resources struct {
	functions map[string]string // physical by logical ids
	apis      map[string]string // likewise
	nested    []string          // ARNs of stacks
}

func listResources(ctx context.Context, cfg aws.Config, stack string) (resources, error) {
	found := resources{functions: make(map[string]string), apis: make(map[string]string)}
	pages := cloudformation.NewListStackResourcesPaginator(cloudformation.NewFromConfig(cfg),
		&cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return resources{}, fmt.Errorf("list the resources of stack %s: %w", stack, err)
		}
		for _, r := range page.StackResourceSummaries {
			logicalID, id := aws.ToString(r.LogicalResourceId), aws.ToString(r.PhysicalResourceId)
			switch aws.ToString(r.ResourceType) {
			case "AWS::Lambda::Function":
				found.functions[logicalID] = id
			case "AWS::ApiGatewayV2::Api":
				found.apis[logicalID] = id
			case "AWS::CloudFormation::Stack":
				if arn.IsARN(id) { // the local platform runs only nested stacks of the app itself
					found.nested = append(found.nested, id)
				}
			}
		}
	}
	return found, nil
}

// pipelines returns the stack's pipelines, ordered by name.
func (r resources) pipelines(
	ctx context.Context, cfg aws.Config, stack string,
) ([]Pipeline, error) {
	byName := make(map[string]*Pipeline)
	for _, logicalID := range slices.Sorted(maps.Keys(r.functions)) {
		detail, err := cloudformation.NewFromConfig(cfg).DescribeStackResource(ctx,
			&cloudformation.DescribeStackResourceInput{StackName: &stack, LogicalResourceId: &logicalID})
		if err != nil {
			return nil, fmt.Errorf("look up function %s of stack %s: %w", logicalID, stack, err)
		}
		function, ok := readMetadata(aws.ToString(detail.StackResourceDetail.Metadata))
		if !ok {
			continue
		}
		p := byName[function.Pipeline]
		if p == nil {
			p = &Pipeline{Config: cfg, Name: function.Pipeline}
			p.Stack = aws.ToString(detail.StackResourceDetail.StackName)
			p.Region = region(cfg, detail.StackResourceDetail.StackId)
			byName[p.Name] = p
		}
		switch name := r.functions[logicalID]; function.Role {
		case contract.RoleAPI:
			p.APIFunction = name
		case contract.RoleReconciler:
			p.ReconcilerFunction = name
		case contract.RoleWorker:
			if err := p.readWorker(ctx, name); err != nil {
				return nil, fmt.Errorf("look up function %s of stack %s: %w", logicalID, stack, err)
			}
		}
	}
	var pipelines []Pipeline
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		p := byName[name]
		for logicalID, id := range r.apis {
			only := len(r.apis) == 1 && len(byName) == 1
			if only || strings.HasPrefix(logicalID, name+"HttpApi") {
				p.apiID = id
			}
		}
		pipelines = append(pipelines, *p)
	}
	return pipelines, nil
}

// readMetadata reads the metadata of a resource. It reports whether a pipeline wrote it.
func readMetadata(metadata string) (function contract.Function, ok bool) {
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(metadata), &values) != nil {
		return contract.Function{}, false
	}
	err := json.Unmarshal(values[contract.FunctionMetadata], &function)
	return function, err == nil && function.Pipeline != ""
}

// readWorker sets the resources that the worker's environment names.
func (p *Pipeline) readWorker(ctx context.Context, name string) error {
	worker, err := lambda.NewFromConfig(p.Config).GetFunctionConfiguration(ctx,
		&lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return err
	}
	if worker.Environment == nil {
		return errors.New("the function has no environment variables")
	}
	env := worker.Environment.Variables
	p.WorkerFunction = name
	p.Bronze, p.Silver = env[contract.BronzeBucket], env[contract.SilverBucket]
	p.Table, p.Bus = env[contract.EventsTable], env[contract.EventBusName]
	p.QueueURL, p.DLQURL = env[contract.QueueURL], env[contract.DeadLetterQueueURL]
	return nil
}

// region returns the region in a stack's ARN.
func region(cfg aws.Config, stackID *string) string {
	parsed, _ := arn.Parse(aws.ToString(stackID))
	return cmp.Or(parsed.Region, cfg.Region)
}
