package eventpipeline_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestPipeline_HasAGetterForEachResource(t *testing.T) {
	stack := synth.NewStack(t)
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
	s := synth.DefaultPipeline(t)
	name, _ := s.Resources["AccessLogGroup"].Properties["LogGroupName"].(string)
	if !strings.HasPrefix(name, "/aws/vendedlogs/apigateway/Stack-EventPipeline-") ||
		!strings.Contains(name, "AWS::StackId") {
		t.Errorf("name of the access log = %q", name)
	}
	for id, r := range s.Resources {
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
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		eventpipeline.NewEventPipeline(stack, jsii.String("Orders"), nil)
		eventpipeline.NewEventPipeline(stack, jsii.String("Invoices"), nil)
		return nil
	})
	s := synth.Synthesize(t, stack)
	if got, want := len(s.Resources), 2*len(synth.DefaultPipeline(t).Resources); got != want {
		t.Errorf("two pipelines must have %[2]d resources, got %[1]d", got, want)
	}
	s.Environment(t, "OrdersWorkerFunction").
		Expect(t, `{"SILVER_BUCKET": "${OrdersSilverBucket}",
			"EVENT_BUS_NAME": "${OrdersEventBus}"}`)
	s.Environment(t, "InvoicesWorkerFunction").
		Expect(t, `{"SILVER_BUCKET": "${InvoicesSilverBucket}",
			"EVENT_BUS_NAME": "${InvoicesEventBus}"}`)
	first, second := s.Resource(
		t,
		"OrdersEventBus",
		"AWS::Events::EventBus",
	), s.Resource(t, "InvoicesEventBus", "AWS::Events::EventBus")
	if first.Properties["Name"] == second.Properties["Name"] {
		t.Errorf("bus names must differ, got %s twice", first.Properties["Name"])
	}
}

func TestPipeline_WarnsAboutAnOpenApi(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
		}
	})
	warning := `^Anyone on the internet .*\[ack: ` + eventpipeline.OpenApiWarning + `\]$`
	synth.Check(t, func() {
		assertions.Annotations_FromStack(s.Stack).HasWarning(jsii.String("/Stack/EventPipeline"),
			assertions.Match_StringLikeRegexp(&warning))
	})
	for _, s := range []synth.Template{
		synth.DefaultPipeline(t),
		synth.Stage(t, "dev"), synth.Stage(t, "prod"), synth.Stage(t, "local"),
	} {
		// A warning would fail `cdk synth --strict`.
		synth.Check(t, func() {
			assertions.Annotations_FromStack(s.Stack).
				HasNoWarning(jsii.String("*"), assertions.Match_AnyValue())
		})
		synth.Check(t, func() {
			assertions.Annotations_FromStack(s.Stack).
				HasNoError(jsii.String("*"), assertions.Match_AnyValue())
		})
	}
}
