package eventpipeline_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// knownSize returns the size in bytes of a function's environment variables as JSON. The pipeline
// has default props. Values that are unknown at synth count as empty.
func knownSize(t *testing.T, function string) int {
	t.Helper()
	known := map[string]any{}
	for name, value := range synth.DefaultPipeline(t).Environment(t, function).Properties {
		if text := value.(string); strings.Contains(text, "${") {
			known[name] = ""
		} else {
			known[name] = text
		}
	}
	text, err := json.Marshal(known)
	if err != nil {
		t.Fatal(err)
	}
	return len(text)
}

func TestEnvironment_MustFitLambdasLimit(t *testing.T) {
	known := knownSize(t, "WorkerFunction")
	// The names and URLs of resources are unknown at synth. The name of a bucket or table has at
	// least 3 bytes, the name of a bus 1 byte, and the URL of a queue 50 bytes.
	const tokens = 3 + 3 + 3 + 1 + 2*50
	fits := 4096 - known - tokens - len(`,"NOTES":""`)
	for name, value := range map[string]string{
		"text":    strings.Repeat("x", fits+1),
		"escaped": strings.Repeat(`"`, fits/2+1), // each quote needs two bytes
		"unicode": strings.Repeat("é", fits/2+1),
	} {
		stack := synth.NewStack(t)
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), &props{
			WorkerFunction: &functionOptions{
				Environment: &map[string]*string{"NOTES": &value},
			},
		})
		expectErrors(t, stack.Node().Root().(awscdk.App), map[string][]string{
			"Stack/EventPipeline": {"WorkerFunction.Environment 4096 409"},
		})
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// If only a part of a value is known at synth, this part must count.
func TestEnvironment_CountsTheKnownPartOfFunctions(t *testing.T) {
	half := strings.Repeat("x", 2048)
	for name, value := range map[string]func(stack awscdk.Stack) *string{
		"join with a delimiter": func(awscdk.Stack) *string {
			return awscdk.Fn_Join(&half, &[]*string{
				awscdk.Aws_REGION(), awscdk.Aws_REGION(), awscdk.Aws_REGION(),
			})
		},
		"sub": func(awscdk.Stack) *string {
			return awscdk.Fn_Sub(jsii.String(half+"${AWS::Region}"+half), nil)
		},
		"sub of a literal": func(awscdk.Stack) *string {
			return awscdk.Fn_Sub(jsii.String(strings.Repeat("${!AWS}", 1024)), nil)
		},
		"if": func(stack awscdk.Stack) *string {
			condition := awscdk.NewCfnCondition(stack, jsii.String("Condition"),
				&awscdk.CfnConditionProps{Expression: awscdk.Fn_ConditionEquals(
					awscdk.Aws_REGION(), jsii.String("us-east-1"))})
			return awscdk.Token_AsString(awscdk.Fn_ConditionIf(condition.LogicalId(),
				half+half, half+half+"x"), nil)
		},
	} {
		stack := synth.NewStack(t)
		p := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
		p.ApiFunction().AddEnvironment(jsii.String("NOTES"), value(stack), nil)
		expectErrors(t, stack.Node().Root().(awscdk.App), map[string][]string{
			"Stack/EventPipeline": {"ApiFunction.Environment 4096"},
		})
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// An app can add variables to a function after it has created the pipeline.
func TestEnvironment_CountsLaterVariables(t *testing.T) {
	stack := synth.NewStack(t)
	p := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
	value := jsii.String(strings.Repeat("x", 4096))
	p.ApiFunction().AddEnvironment(jsii.String("NOTES"), value, nil)
	p.ReconcilerFunction().AddEnvironment(jsii.String("NOTES"), value, nil)
	expectErrors(t, stack.Node().Root().(awscdk.App), map[string][]string{
		"Stack/EventPipeline": {"ApiFunction.Environment 4096", "ReconcilerFunction.Environment"},
	})
}

// The value of a parameter is unknown at synth, so the pipeline can only warn.
func TestEnvironment_WarnsIfItMayExceedLambdasLimit(t *testing.T) {
	for size, want := range map[int]bool{1000: false, 3000: true} {
		stack := synth.NewStack(t)
		synth.Must(t, func() error {
			parameter := awscdk.NewCfnParameter(stack, jsii.String("Parameter"), nil)
			value := strings.Repeat("x", size) + *parameter.ValueAsString()
			eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), &props{
				WorkerFunction: &functionOptions{
					Environment: &map[string]*string{"NOTES": &value},
				},
			})
			stack.Node().Root().(awscdk.App).Synth(nil)
			return nil
		})
		warnings := assertions.Annotations_FromStack(stack).FindWarning(jsii.String("*"),
			assertions.Match_StringLikeRegexp(jsii.String("WorkerFunction.Environment")))
		if got := len(*warnings) > 0; got != want {
			t.Errorf("%d bytes and a parameter: warned = %t, want %t", size, got, want)
		}
	}
}
