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
	jsonv2 "github.com/go-json-experiment/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// ErrNoPipeline reports that none of the stacks has a pipeline.
var ErrNoPipeline = errors.New("none of the stacks has an EventPipeline")

// ChoiceError reports that a name matches no pipeline, or several pipelines. The error lists the
// valid names.
type ChoiceError struct{ message string }

func (e *ChoiceError) Error() string { return e.message }

// Stacks returns the stack with the name. If name is empty, it returns all stacks that are not
// nested. Find reads nested stacks through their parents.
func Stacks(ctx context.Context, cfg aws.Config, name string) ([]types.Stack, error) {
	input := &cloudformation.DescribeStacksInput{}
	if name != "" {
		input.StackName = &name
	}
	client := cloudformation.NewFromConfig(cfg, func(o *cloudformation.Options) {
		if cfg.BaseEndpoint != nil {
			o.Retryer = aws.NopRetryer{} // retries do not help if the platform is not running
		}
	})
	var stacks []types.Stack
	pages := cloudformation.NewDescribeStacksPaginator(client, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look up the stack: %w", err)
		}
		stacks = append(stacks, page.Stacks...)
	}
	return slices.DeleteFunc(stacks, func(stack types.Stack) bool {
		return name == "" && stack.ParentId != nil
	}), nil
}

// Find returns the pipeline with the name, which can have the form STACK/NAME. If name is empty,
// Find returns the only pipeline.
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

// fromOutputs returns the pipeline that a stack's outputs describe. It knows the outputs that
// stacks/stacks.go defines. It makes no AWS calls, so the user needs no permissions.
func fromOutputs(cfg aws.Config, stack types.Stack) (p Pipeline, complete bool) {
	p.Config, p.Stack = cfg, aws.ToString(stack.StackName)
	p.Account, p.Region = environment(cfg, stack.StackId)
	fields := p.outputs()
	for _, output := range stack.Outputs {
		if field := fields[aws.ToString(output.OutputKey)]; field != nil {
			*field = aws.ToString(output.OutputValue)
		}
	}
	needed := []string{p.Bronze, p.Silver, p.Table, p.QueueURL, p.DLQURL, p.ReconcilerFunction}
	return p, !slices.Contains(needed, "")
}

// choose returns the pipeline with the name. If name is empty, it returns the only pipeline.
func choose(pipelines []Pipeline, name string) (Pipeline, error) {
	var chosen []Pipeline
	for _, p := range pipelines {
		if name == "" || name == p.Name || name == p.Stack+"/"+p.Name {
			chosen = append(chosen, p)
		}
	}
	names := strings.Join(Names(pipelines), ", ")
	switch {
	case len(pipelines) == 0:
		return Pipeline{}, ErrNoPipeline
	case len(chosen) == 0:
		return Pipeline{}, &ChoiceError{
			fmt.Sprintf("there is no pipeline %s; choose one of: %s", name, names),
		}
	case len(chosen) > 1:
		return Pipeline{}, &ChoiceError{
			"there are several pipelines; choose one with --pipeline: " + names,
		}
	}
	return chosen[0], nil
}

// Names returns one name for each pipeline, in the form that Find accepts. If several stacks have a
// pipeline with the same name, the names of these pipelines have the form STACK/NAME.
func Names(pipelines []Pipeline) (names []string) {
	for _, p := range pipelines {
		name := p.Name
		if slices.ContainsFunc(pipelines, func(other Pipeline) bool {
			return other.Name == p.Name && other.Stack != p.Stack
		}) {
			name = p.Stack + "/" + p.Name
		}
		names = append(names, name)
	}
	return names
}

// FindAll returns the pipelines of the stacks and of their nested stacks. Each element of stacks is
// a name or an ARN. FindAll finds the functions by the construct's metadata, and needs no stack
// outputs.
func FindAll(ctx context.Context, cfg aws.Config, stacks []string) ([]Pipeline, error) {
	var pipelines []Pipeline
	for _, stack := range stacks {
		found, nested, err := findIn(ctx, cfg, stack)
		if err != nil {
			return nil, fmt.Errorf("look up the pipelines of stack %s: %w", stack, err)
		}
		inNested, err := FindAll(ctx, cfg, nested)
		if err != nil {
			return nil, err
		}
		pipelines = append(append(pipelines, found...), inNested...)
	}
	return pipelines, nil
}

// findIn returns the pipelines of one stack, sorted by name. It also returns the ARNs of nested
// stacks.
func findIn(
	ctx context.Context, cfg aws.Config, stack string,
) (pipelines []Pipeline, nested []string, err error) {
	client := cloudformation.NewFromConfig(cfg)
	byName := make(map[string]*Pipeline)
	apis := make(map[string]string) // physical ids by logical id
	pages := cloudformation.NewListStackResourcesPaginator(client,
		&cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range page.StackResourceSummaries {
			id := aws.ToString(r.PhysicalResourceId)
			switch aws.ToString(r.ResourceType) {
			case "AWS::ApiGatewayV2::Api":
				apis[aws.ToString(r.LogicalResourceId)] = id
			case "AWS::CloudFormation::Stack":
				// If the local platform does not run a nested stack, the stack's physical id is
				// not an ARN.
				if arn.IsARN(id) {
					nested = append(nested, id)
				}
			case "AWS::Lambda::Function":
				input := &cloudformation.DescribeStackResourceInput{
					StackName: &stack, LogicalResourceId: r.LogicalResourceId,
				}
				detail, err := client.DescribeStackResource(ctx, input)
				if err != nil {
					return nil, nil, err
				}
				if err := addFunction(ctx, cfg, byName, detail.StackResourceDetail); err != nil {
					return nil, nil, err
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		p := byName[name]
		for logicalID, id := range apis {
			only := len(apis) == 1 && len(byName) == 1
			if only || strings.HasPrefix(logicalID, name+"HttpApi") {
				p.apiID = id
			}
		}
		pipelines = append(pipelines, *p)
	}
	return pipelines, nested, nil
}

// addFunction adds a function to its pipeline. It ignores functions without a pipeline. The
// worker's environment contains the names of the pipeline's other resources.
func addFunction(
	ctx context.Context, cfg aws.Config, byName map[string]*Pipeline,
	detail *types.StackResourceDetail,
) error {
	function, ok := readMetadata(aws.ToString(detail.Metadata))
	if !ok {
		return nil
	}
	p := byName[function.Pipeline]
	if p == nil {
		p = &Pipeline{
			Config: cfg, Name: function.Pipeline, Stack: aws.ToString(detail.StackName),
		}
		p.Account, p.Region = environment(cfg, detail.StackId)
		byName[p.Name] = p
	}
	switch name := aws.ToString(detail.PhysicalResourceId); function.Role {
	case contract.RoleAPI:
		p.APIFunction = name
	case contract.RoleReconciler:
		p.ReconcilerFunction = name
	case contract.RoleWorker:
		worker, err := lambda.NewFromConfig(cfg).GetFunctionConfiguration(ctx,
			&lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil {
			return err
		}
		if worker.Environment == nil {
			return fmt.Errorf("function %s has no environment variables", name)
		}
		env := worker.Environment.Variables
		p.WorkerFunction = name
		p.Bronze, p.Silver = env[contract.BronzeBucket], env[contract.SilverBucket]
		p.Table, p.Bus = env[contract.EventsTable], env[contract.EventBusName]
		p.QueueURL, p.DLQURL = env[contract.QueueURL], env[contract.DeadLetterQueueURL]
	}
	return nil
}

// readMetadata reads the metadata of a function. It reports whether the EventPipeline construct
// wrote the metadata.
func readMetadata(metadata string) (function contract.Function, ok bool) {
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(metadata), &values) != nil {
		return contract.Function{}, false
	}
	err := jsonv2.Unmarshal(values[contract.FunctionMetadata], &function)
	return function, err == nil && function.Pipeline != ""
}

// environment returns the account and region in the ARN of a stack. If the id is not an ARN, the
// account is empty and the region is that of cfg.
func environment(cfg aws.Config, stackID *string) (account, region string) {
	parsed, _ := arn.Parse(aws.ToString(stackID))
	return parsed.AccountID, cmp.Or(parsed.Region, cfg.Region)
}
