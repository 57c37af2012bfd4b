package eventpipeline_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// Pipelines in different stacks can have the same path. Their buses must have different names.
func TestEventBus_HasTheStacksName(t *testing.T) {
	names := map[string]bool{}
	for stackName, place := range map[string]func(awscdk.Stack) constructs.Construct{
		"orders-dev":  func(stack awscdk.Stack) constructs.Construct { return stack },
		"orders-prod": func(stack awscdk.Stack) constructs.Construct { return stack },
		"nested": func(stack awscdk.Stack) constructs.Construct {
			return awscdk.NewNestedStack(stack, jsii.String("Inner"), nil)
		},
		"long-" + strings.Repeat("n", 100): func(stack awscdk.Stack) constructs.Construct {
			return constructs.NewConstruct(stack, jsii.String(strings.Repeat("Deep.", 45)))
		},
	} {
		var stack awscdk.Stack
		synth.Must(t, func() error {
			scope := place(
				awscdk.NewStack(
					synth.NewApp(t, nil),
					jsii.String("Orders"),
					&awscdk.StackProps{StackName: &stackName},
				),
			)
			eventpipeline.NewEventPipeline(scope, jsii.String("EventPipeline"), nil)
			stack = awscdk.Stack_Of(scope)
			return nil
		})
		name, _ := busOf(t, synth.Synthesize(t, stack)).Properties["Name"].(string)
		if !strings.HasPrefix(name, stackName+"-") || !eventBridgeName.MatchString(name) {
			t.Errorf("bus name must be valid and begin with %s, got %q", stackName, name)
		}
		names[name] = true
	}
	if len(names) != 4 {
		t.Errorf("the 4 bus names must differ, got %v", names)
	}
}

// eventBridgeName matches the valid names of custom buses. Such names contain no slashes.
var eventBridgeName = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,256}$`)

func busOf(t *testing.T, s synth.Template) synth.Resource {
	t.Helper()
	buses := s.IDsOf("AWS::Events::EventBus")
	if len(buses) != 1 {
		t.Fatalf("template must have one bus, got %q", buses)
	}
	return s.Resources[buses[0]]
}

func TestEventBus_MayBeExistingOrTheDefaultBus(t *testing.T) {
	for name, test := range map[string]struct {
		bus       func(awscdk.Stack) awsevents.IEventBus
		env, arn  string
		resources int
	}{
		"existing": {
			bus: func(stack awscdk.Stack) awsevents.IEventBus {
				return awsevents.NewEventBus(stack, jsii.String("Shared"), nil)
			},
			env: "${Shared}", arn: "${Shared.Arn}", resources: 1,
		},
		"default": {
			bus: func(stack awscdk.Stack) awsevents.IEventBus {
				return awsevents.EventBus_FromEventBusName(stack, jsii.String("Default"),
					jsii.String("default"))
			},
			env: "default",
			arn: "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := synth.Pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
				return &eventpipeline.EventPipelineProps{EventBus: test.bus(stack)}
			})
			if buses := s.IDsOf("AWS::Events::EventBus"); len(buses) != test.resources {
				t.Errorf("template must have %d buses, got %q", test.resources, buses)
			}
			s.Environment(t, "WorkerFunction").Expect(t, `{"EVENT_BUS_NAME": "`+test.env+`"}`)
			may := allowedActions(t, s.Resource(t, "WorkerRoleDefaultPolicy", "AWS::IAM::Policy"))
			const fromPipeline = ` if {"StringEquals":{"events:source":"eventpipeline"}}`
			want := []string{"events:PutEvents" + fromPipeline}
			if diff := cmp.Diff(want, may[test.arn]); diff != "" {
				t.Errorf("permissions of the worker on %s (-want +got):\n%s", test.arn, diff)
			}
		})
	}
}
