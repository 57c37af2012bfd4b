package templates

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

// What can only be told of the app as a whole, or once its own code has run.

// told is what synth says is wrong, each with the path of the construct that says so.
func told(app awscdk.App) (messages []string) {
	err := attempt(func() error { app.Synth(nil); return nil })
	if err == nil {
		return nil
	}
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "[") {
			messages = append(messages, line)
		}
	}
	if messages == nil {
		return []string{err.Error()}
	}
	return messages
}

func TestValidation_TellsOfTwoPipelinesWithOnePrefix(t *testing.T) {
	eu := &awscdk.Environment{Account: jsii.String("111111111111"), Region: jsii.String("eu-west-1")}
	us := &awscdk.Environment{Account: jsii.String("111111111111"), Region: jsii.String("us-east-1")}
	other := &awscdk.Environment{Account: jsii.String("222222222222"), Region: jsii.String("eu-west-1")}
	const orders = "orders"
	for _, c := range []struct {
		name     string
		prefixes [2]string
		first    *awscdk.Environment
		second   *awscdk.Environment
		want     []string
	}{
		{"no environment", [2]string{orders, orders}, nil, nil,
			[]string{`[Staged/Two/Pipeline] PhysicalNamePrefix "orders" is that of One/Pipeline, too, in the same account and region; give each pipeline its own`}},
		{"one environment", [2]string{orders, orders}, eu, eu,
			[]string{`[Staged/Two/Pipeline] PhysicalNamePrefix "orders" is that of One/Pipeline, too, in the same account and region; give each pipeline its own`}},
		{"another region", [2]string{orders, orders}, eu, us, nil},
		{"another account", [2]string{orders, orders}, eu, other, nil},
		{"another prefix", [2]string{orders, "bills"}, eu, eu, nil},
		{"no prefixes", [2]string{}, eu, eu, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := newApp(t, nil)
			must(t, func() error {
				one := awscdk.NewStack(app, jsii.String("One"), &awscdk.StackProps{Env: c.first})
				stage := awscdk.NewStage(app, jsii.String("Staged"), nil)
				two := awscdk.NewStack(stage, jsii.String("Two"), &awscdk.StackProps{Env: c.second})
				for i, stack := range []awscdk.Stack{one, two} {
					var p props
					if c.prefixes[i] != "" {
						p.PhysicalNamePrefix = &c.prefixes[i]
					}
					eventpipeline.NewEventPipeline(stack, jsii.String("Pipeline"), &p)
				}
				return nil
			})
			if diff := cmp.Diff(c.want, told(app)); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidation_TellsOfPartialBatchResponsesThatAreOff(t *testing.T) {
	const want = "[Stack/Pipeline] The event source mapping's FunctionResponseTypes has no ReportBatchItemFailures, by which the worker " +
		"says what stays on the queue: failed events would be lost; leave FunctionResponseTypes as it is"
	for name, types := range map[string]*[]*string{"none": nil, "empty": {}, "kept": jsii.Strings("ReportBatchItemFailures")} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			must(t, func() error {
				p := eventpipeline.NewEventPipeline(stack, jsii.String("Pipeline"), nil)
				p.EventSourceMapping().Node().DefaultChild().(awslambda.CfnEventSourceMapping).SetFunctionResponseTypes(types)
				return nil
			})
			var expected []string
			if name != "kept" {
				expected = []string{want}
			}
			if diff := cmp.Diff(expected, told(stack.Node().Root().(awscdk.App))); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}
