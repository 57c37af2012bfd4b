package templates

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestPipeline_HasAGetterForEachResource(t *testing.T) {
	stack := newStack(t)
	var made eventpipeline.EventPipeline
	synth.Must(t, func() error {
		made = eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
		return nil
	})
	ofConstructs := reflect.TypeFor[constructs.Construct]()
	getters := reflect.TypeFor[eventpipeline.EventPipeline]()
	for i := range getters.NumMethod() {
		name := getters.Method(i).Name
		if _, ok := ofConstructs.MethodByName(name); ok || getters.Method(i).Type.NumIn() > 0 {
			continue // has arguments, so it is not a getter
		}
		value := reflect.ValueOf(made).MethodByName(name).Call(nil)[0]
		if value.IsNil() != (name == "DomainName") { // nil because the prop is not set
			t.Errorf("getter %s returns nil: %t", name, value.IsNil())
		}
	}
	if len(made.Alarms()) != len(alarms)+2 || slices.Contains(made.Alarms(), nil) {
		t.Errorf("got %d alarms, want %d", len(made.Alarms()), len(alarms)+2)
	}
}

// CloudFormation generates most names, so an account can contain several pipelines. The names of
// the bus and the access log begin with the stack's name. The API's name need not be unique.
func TestPipeline_HasGeneratedNames(t *testing.T) {
	s := defaultPipeline(t)
	name, _ := s.resources["AccessLogGroup"].Properties["LogGroupName"].(string)
	if !strings.HasPrefix(name, "/aws/vendedlogs/apigateway/Stack-EventPipeline-") ||
		!strings.Contains(name, "AWS::StackId") {
		t.Errorf("name of the access log = %q", name)
	}
	for id, r := range s.resources {
		if id == "AccessLogGroup" {
			continue
		}
		for _, property := range []string{"BucketName", "TableName", "QueueName", "FunctionName",
			"LogGroupName", "RoleName", "AlarmName", "DashboardName"} {
			if name, ok := r.Properties[property].(string); ok &&
				r.Type != "AWS::Lambda::Permission" && r.Type != "AWS::Logs::MetricFilter" &&
				r.Type != "AWS::Lambda::EventSourceMapping" {
				t.Errorf("%s must have no name, got %q", id, name)
			}
		}
	}
}

func TestPipeline_MayBeUsedTwiceInAStack(t *testing.T) {
	stack := newStack(t)
	synth.Must(t, func() error {
		eventpipeline.NewEventPipeline(stack, jsii.String("Orders"), nil)
		eventpipeline.NewEventPipeline(stack, jsii.String("Invoices"), nil)
		return nil
	})
	s := synthesize(t, stack)
	if got, want := len(s.resources), 2*len(defaultPipeline(t).resources); got != want {
		t.Errorf("two pipelines must have %[2]d resources, got %[1]d", got, want)
	}
	s.environment(t, "OrdersWorkerFunction").
		expect(t, `{"SILVER_BUCKET": "${OrdersSilverBucket}",
			"EVENT_BUS_NAME": "${OrdersEventBus}"}`)
	s.environment(t, "InvoicesWorkerFunction").
		expect(t, `{"SILVER_BUCKET": "${InvoicesSilverBucket}",
			"EVENT_BUS_NAME": "${InvoicesEventBus}"}`)
	first, second := s.resource(
		t,
		"OrdersEventBus",
		"AWS::Events::EventBus",
	), s.resource(t, "InvoicesEventBus", "AWS::Events::EventBus")
	if first.Properties["Name"] == second.Properties["Name"] {
		t.Errorf("bus names must differ, got %s twice", first.Properties["Name"])
	}
}

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
		name, _ := busOf(t, synthesize(t, stack)).Properties["Name"].(string)
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

func busOf(t *testing.T, s synthesized) resource {
	t.Helper()
	buses := s.idsOf("AWS::Events::EventBus")
	if len(buses) != 1 {
		t.Fatalf("template must have one bus, got %q", buses)
	}
	return s.resources[buses[0]]
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
			s := pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
				return &eventpipeline.EventPipelineProps{EventBus: test.bus(stack)}
			})
			if buses := s.idsOf("AWS::Events::EventBus"); len(buses) != test.resources {
				t.Errorf("template must have %d buses, got %q", test.resources, buses)
			}
			s.environment(t, "WorkerFunction").expect(t, `{"EVENT_BUS_NAME": "`+test.env+`"}`)
			may := allowedActions(t, s.resource(t, "WorkerRoleDefaultPolicy", "AWS::IAM::Policy"))
			const fromPipeline = ` if {"StringEquals":{"events:source":"eventpipeline"}}`
			want := []string{"events:PutEvents" + fromPipeline}
			if diff := cmp.Diff(want, may[test.arn]); diff != "" {
				t.Errorf("permissions of the worker on %s (-want +got):\n%s", test.arn, diff)
			}
		})
	}
}

func TestPipeline_WarnsAboutAnOpenApi(t *testing.T) {
	s := pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
		}
	})
	warning := `^Anyone on the internet .*\[ack: ` + eventpipeline.OpenApiWarning + `\]$`
	check(t, func() {
		assertions.Annotations_FromStack(s.stack).HasWarning(jsii.String("/Stack/EventPipeline"),
			assertions.Match_StringLikeRegexp(&warning))
	})
	for _, s := range []synthesized{defaultPipeline(t), stage(t, "dev"), stage(t, "prod"), stage(t,
		"local")} {
		// A warning would fail `cdk synth --strict`.
		check(t, func() {
			assertions.Annotations_FromStack(s.stack).
				HasNoWarning(jsii.String("*"), assertions.Match_AnyValue())
		})
		check(t, func() {
			assertions.Annotations_FromStack(s.stack).
				HasNoError(jsii.String("*"), assertions.Match_AnyValue())
		})
	}
}
