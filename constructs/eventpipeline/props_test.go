package eventpipeline_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// requiredProps maps a prop to the props that it requires.
var requiredProps = map[string][]string{
	"Queue":             {"DeadLetterQueue"},
	"DeadLetterQueue":   {"Queue"}, // each requires the other
	"MaximumPollers":    {"MinimumPollers"},
	"VpcSubnets":        {"Vpc"},
	"SecurityGroups":    {"Vpc"},
	"UnknownEventTypes": {"SchemaDirectory"},
	"AcceptTextPlain":   {"Authorization"},
	"DomainName":        {"DomainCertificate"},
	"DomainCertificate": {"DomainName"},
	"DomainMappingKey": {
		"DomainName",
		"DomainCertificate",
	},
	"MutualTls": {"DomainName", "DomainCertificate"},
	"DomainOwnershipCertificate": {
		"DomainName", "DomainCertificate", "MutualTls",
	},
	"DisableExecuteApiEndpoint": {"DomainName", "DomainCertificate"},

	"WebhooksThrottlingRateLimit":       {"Webhooks"},
	"WebhooksThrottlingBurstLimit":      {"Webhooks"},
	"AlarmThresholds.RefusedSignatures": {"Webhooks"},
}

// testedElsewhere lists the props that change only a function's code, or only the alarms of rules.
// Other tests check them: TestSchemas_AreBuiltIntoTheApiFunction,
// TestWorkerEntry_IsBuiltFromTheUsersModule and TestAlarms_EachHasItsOwnThreshold.
var testedElsewhere = []string{"SchemaDirectory", "WorkerEntry", "AlarmThresholds.LostEvents"}

// Each prop must change the template. The test compares a template with the prop to a template
// without it. Both templates also contain the props that this prop requires; baselineProps
// describes an exception.
func TestProps_EachChangesTheTemplate(t *testing.T) {
	app := synth.NewApp(t, nil)
	made := map[string]awscdk.Stack{}
	build := func(name string, set ...string) {
		if _, ok := made[name]; ok {
			return
		}
		stack := awscdk.NewStack(app, jsii.String(stackName(name)), nil)
		values, p := sampleProps(t, stack), &props{}
		for _, prop := range set {
			value, ok := values[prop]
			if !ok {
				t.Errorf("samples must contain a value for %s", prop)
				continue
			}
			setProp(p, prop, value)
		}
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), p)
		made[name] = stack
	}
	template := func(name string) string {
		resources := synth.ReadTemplate(t, made[name])["Resources"]
		text := synth.FormatTemplate(t, map[string]any{"Resources": resources})
		// The bus's name and a permission's id contain the stack's name. They differ between the
		// two templates, so a fixed text replaces them.
		return regexp.MustCompile(stackName(name)+`-?EventPipeline[-\w]*`).
			ReplaceAllString(string(text), "EventPipeline")
	}
	names := propNames()
	synth.Must(t, func() error {
		build("Nothing")
		for _, prop := range names {
			with := requiredProps[prop]
			build("Has"+prop, append([]string{prop}, with...)...)
			if len(with) > 0 {
				build("Lacks"+prop, baselineProps(prop, with)...)
			}
		}
		app.Synth(nil)
		for _, prop := range names {
			without := "Nothing"
			if len(requiredProps[prop]) > 0 {
				without = "Lacks" + prop
			}
			if slices.Contains(testedElsewhere, prop) {
				continue
			}
			if template("Has"+prop) == template(without) {
				t.Errorf("%s must change the template", prop)
			}
		}
		return nil
	})
}

// baselineProps returns the props of the template that lacks the tested prop. They are the props
// that the tested prop requires. If two props require each other, such as Queue and
// DeadLetterQueue, baselineProps returns none.
func baselineProps(prop string, required []string) []string {
	if len(requiredProps[required[0]]) > 0 && requiredProps[required[0]][0] == prop {
		return nil
	}
	return required
}

// propNames lists all props. A prop in a group is listed by its path, such as
// "AlarmThresholds.DeadLetters".
func propNames() (names []string) {
	for field := range reflect.TypeFor[props]().Fields() {
		switch field.Type {
		case reflect.TypeFor[*functionOptions](), reflect.TypeFor[*alarmThresholds]():
			for option := range field.Type.Elem().Fields() {
				names = append(names, field.Name+"."+option.Name)
			}
		default:
			names = append(names, field.Name)
		}
	}
	return names
}

func setProp(p *props, path string, value any) {
	name, option, grouped := strings.Cut(path, ".")
	field := reflect.ValueOf(p).Elem().FieldByName(name)
	if grouped {
		if field.IsNil() {
			field.Set(reflect.New(field.Type().Elem()))
		}
		field = field.Elem().FieldByName(option)
	}
	field.Set(reflect.ValueOf(value))
}

func stackName(path string) string { return strings.ReplaceAll(path, ".", "") }
