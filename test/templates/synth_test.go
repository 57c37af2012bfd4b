// Package templates tests the synthesized templates of the construct and the stages.
package templates

import (
	"os"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// project is the prefix of the dev stage's physical names.
const project = "event-driven-cloud-platform"

var stages = []string{stacks.Dev, stacks.Prod, stacks.Local}

func TestMain(m *testing.M) { os.Exit(synth.Main(m)) }

// synthesized contains a stack and its template.
type synthesized struct {
	stack awscdk.Stack
	// template contains the CDK's output. resources maps plain ids to the template's resources.
	template  map[string]any
	resources map[string]resource
}

var synthesizedStages = map[string]synthesized{}

// stage returns a stage's stack, synthesized once for all tests.
func stage(t *testing.T, name string) synthesized {
	t.Helper()
	if _, ok := synthesizedStages[name]; !ok {
		synthesizedStages[name] = stageWith(t, name, nil)
	}
	return synthesizedStages[name]
}

func stageWith(t *testing.T, name string, context map[string]any) synthesized {
	t.Helper()
	app := synth.NewApp(t, context)
	var stack awscdk.Stack
	synth.Must(t, func() (err error) { stack, err = stacks.New(app, name); return err })
	return synthesize(t, stack)
}

// pipeline synthesizes a stack with a pipeline. The argument `props` is a function that returns the
// pipeline's props. It can create constructs in the stack.
func pipeline(
	t *testing.T,
	props func(awscdk.Stack) *eventpipeline.EventPipelineProps,
) synthesized {
	t.Helper()
	stack := newStack(t)
	synth.Must(t, func() error {
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), props(stack))
		return nil
	})
	return synthesize(t, stack)
}

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(synth.NewApp(t, nil), jsii.String("Stack"), nil)
}

// defaultPipeline returns a synthesized pipeline with nil props.
func defaultPipeline(t *testing.T) synthesized {
	t.Helper()
	const name = "nil props"
	if _, ok := synthesizedStages[name]; !ok {
		synthesizedStages[name] = pipeline(
			t, func(awscdk.Stack) *eventpipeline.EventPipelineProps { return nil })
	}
	return synthesizedStages[name]
}

func synthesize(t *testing.T, stack awscdk.Stack) synthesized {
	t.Helper()
	s := synthesized{stack: stack}
	synth.Must(t, func() error {
		stack.Node().Root().(awscdk.App).Synth(nil)
		return nil
	})
	s.template = synth.ReadTemplate(t, stack)
	s.resources = plainResources(t, s.template)
	return s
}

// check runs an assertion of the CDK's assertions module. After a failure, the test continues.
func check(t *testing.T, assertion func()) {
	t.Helper()
	if err := synth.Attempt(func() error { assertion(); return nil }); err != nil {
		t.Error(err)
	}
}
