package synth

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// NewStack returns an empty stack with the name Stack in an app of its own.
func NewStack(t *testing.T) awscdk.Stack {
	t.Helper()
	return awscdk.NewStack(NewApp(t, nil), jsii.String("Stack"), nil)
}

// Pipeline synthesizes a stack with a pipeline. The argument `props` is a function that returns the
// pipeline's props. It can create constructs in the stack.
func Pipeline(
	t *testing.T,
	props func(awscdk.Stack) *eventpipeline.EventPipelineProps,
) Template {
	t.Helper()
	stack := NewStack(t)
	Must(t, func() error {
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), props(stack))
		return nil
	})
	return Synthesize(t, stack)
}

// DefaultPipeline returns a pipeline with nil props, synthesized once for all tests of a package.
func DefaultPipeline(t *testing.T) Template {
	t.Helper()
	return Shared("nil props", func() Template {
		return Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps { return nil })
	})
}
