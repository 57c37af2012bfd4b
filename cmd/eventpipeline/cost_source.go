package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/cost"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
)

// costSource holds the flags that select the template of a pipeline.
type costSource struct{ app, stage, stack, pipeline string }

func (s *costSource) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&s.app, "app", "",
		"command that runs the CDK app, or a cloud assembly such as cdk.out\n"+
			"(default: \"app\" in cdk.json)")
	flags.StringVar(&s.stage, "stage", "prod",
		"stage of the app, set as the context value \"stage\"")
	addRequiredValue(flags, &s.stack, "stack",
		"deployed CloudFormation stack, instead of the app; uses your AWS credentials")
	addRequiredValue(flags, &s.pipeline, "pipeline",
		"id of the pipeline's construct, if the app has several pipelines")
}

// find returns the selected pipeline.
func (s *costSource) find(cmd *cobra.Command) (cost.Pipeline, error) {
	templates, err := s.templates(cmd.Context())
	if err != nil {
		return cost.Pipeline{}, err
	}
	found := map[string]cost.Pipeline{} // the keys are STACK/NAME
	for _, t := range templates {
		pipelines, err := cost.Pipelines(t.body)
		if err != nil {
			return cost.Pipeline{}, fmt.Errorf("stack %s: %w", t.stack, err)
		}
		for _, p := range pipelines {
			found[t.stack+"/"+p.Name] = p
		}
	}
	var matches []string
	names := slices.Sorted(maps.Keys(found))
	for _, name := range names {
		if s.pipeline == "" || s.pipeline == name || s.pipeline == found[name].Name {
			matches = append(matches, name)
		}
	}
	switch {
	case len(found) == 0:
		return cost.Pipeline{}, deployment.ErrNoPipeline
	case len(matches) == 0:
		return cost.Pipeline{}, usageErrorf("--pipeline must be one of %s, got %s",
			strings.Join(names, ", "), s.pipeline)
	case len(matches) > 1:
		return cost.Pipeline{}, usageErrorf("there are several pipelines; choose one with "+
			"--pipeline: %s", strings.Join(matches, ", "))
	}
	return found[matches[0]], nil
}

type stackTemplate struct {
	stack string
	body  []byte
}

func (s *costSource) templates(ctx context.Context) ([]stackTemplate, error) {
	if s.stack == "" {
		return s.synthesize(ctx)
	}
	cfg, err := deployedConfig(ctx, "omit --stack to use the app in this folder")
	if err != nil {
		return nil, err
	}
	body, err := deployment.Template(ctx, cfg, s.stack)
	return []stackTemplate{{s.stack, body}}, err
}

// synthesize returns the templates of the app. It does not build the app's functions.
func (s *costSource) synthesize(ctx context.Context) (templates []stackTemplate, err error) {
	settings := &localFlags{}
	if err := settings.applySettings(); err != nil {
		return nil, usageError{err}
	}
	dir, err := os.MkdirTemp("", "eventpipeline-cost-")
	if err != nil {
		return nil, fmt.Errorf("create a folder for the cloud assembly: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o := settings.options
	app := cdkapp.App{
		Command: s.app, Out: filepath.Join(dir, "cdk.out"), Account: o.Account, Region: o.Region,
		SSM: o.SSM, Context: map[string]any{
			"stage": s.stage, "aws:cdk:bundling-stacks": []string{}, // builds no functions
		},
	}
	assembly, err := app.Synthesize(ctx)
	if errors.Is(err, cdkapp.ErrNoApp) {
		return nil, fmt.Errorf("%w, set --app to the command that runs the app, or select a "+
			"deployed stack with --stack", err)
	}
	if err != nil {
		return nil, err
	}
	for _, stack := range assembly.Stacks {
		templates = append(templates, stackTemplate{stack.Name, stack.Template})
		for _, file := range slices.Sorted(maps.Values(stack.Assets)) {
			if !strings.HasSuffix(file, ".nested.template.json") {
				continue
			}
			body, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read the template of a nested stack: %w", err)
			}
			templates = append(templates, stackTemplate{stack.Name, body})
		}
	}
	return templates, nil
}
