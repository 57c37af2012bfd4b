package synth

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
)

// Project is the prefix of the stages' physical names.
const Project = "event-driven-cloud-platform"

// Stages lists the names of all stages.
var Stages = []string{stacks.Dev, stacks.Prod, stacks.Local}

// Stage returns a stage's template, synthesized once for all tests of a package.
func Stage(t *testing.T, name string) Template {
	t.Helper()
	return Shared("stage "+name, func() Template { return StageWith(t, name, nil) })
}

// StageWith synthesizes a stage in an app with the given context.
func StageWith(t *testing.T, name string, context map[string]any) Template {
	t.Helper()
	app := NewApp(t, context)
	var stack awscdk.Stack
	Must(t, func() (err error) { stack, err = stacks.New(app, name); return err })
	return Synthesize(t, stack)
}
