// Package templates tests the synthesized templates of the construct and the stages. All tests are
// in one package, because each package that uses the CDK starts its own Node.js process.
package templates

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
)

const (
	root = "../.."
	// project is the prefix of the dev stage's physical names.
	project = "event-driven-cloud-platform"
)

var stages = []string{stacks.Dev, stacks.Prod, stacks.Local}

// assemblies is the folder in which all apps write their cloud assemblies.
var assemblies string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "templates-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	assemblies = dir
	// The CDK's rules take seconds, so only cdkrules_test.go applies them. Node.js must see these
	// variables, but jsii copied the environment when this program started. After Close, jsii
	// copies the environment again.
	os.Setenv("CDK_VALIDATION", "false")
	os.Setenv("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
	jsii.Close()
	defer jsii.Close()
	return m.Run()
}

// newApp returns an app with the context of cdk.json and the given context. It does not bundle
// functions, because their compilation takes long.
func newApp(t *testing.T, context map[string]any) awscdk.App {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Context map[string]any }
	if err := json.Unmarshal(raw, &config); err != nil {
		t.Fatalf("parse cdk.json: %v", err)
	}
	outdir, err := os.MkdirTemp(assemblies, "cdk.out-")
	if err != nil {
		t.Fatal(err)
	}
	config.Context["aws:cdk:bundling-stacks"] = []string{}
	maps.Copy(config.Context, context)
	return awscdk.NewApp(
		&awscdk.AppProps{
			Outdir:             &outdir,
			Context:            &config.Context,
			AnalyticsReporting: jsii.Bool(false),
			TreeMetadata:       jsii.Bool(false),
		},
	)
}

// synthesized contains a stack and its template.
type synthesized struct {
	stack awscdk.Stack
	// template contains the CDK's output. resources contains the template's resources; its keys are
	// plain ids.
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
	app := newApp(t, context)
	var stack awscdk.Stack
	must(t, func() (err error) { stack, err = stacks.New(app, name); return err })
	return synthesize(t, stack)
}

// pipeline synthesizes a stack with a pipeline. The parameter props is a function that returns the
// pipeline's props. It may create constructs in the stack.
func pipeline(
	t *testing.T,
	props func(awscdk.Stack) *eventpipeline.EventPipelineProps,
) synthesized {
	t.Helper()
	stack := newStack(t)
	must(t, func() error {
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), props(stack))
		return nil
	})
	return synthesize(t, stack)
}

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(newApp(t, nil), jsii.String("Stack"), nil)
}

// standard returns a synthesized pipeline with nil props.
func standard(t *testing.T) synthesized {
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
	must(t, func() error {
		stack.Node().Root().(awscdk.App).Synth(nil)
		return nil
	})
	s.template = readTemplate(t, stack)
	s.resources = plainResources(t, s.template)
	return s
}

// readTemplate returns the template of a stack whose app is synthesized. It reads the template's
// file, because Template_FromStack compares all constructs of the app with those of the last synth.
func readTemplate(t *testing.T, stack awscdk.Stack) (template map[string]any) {
	t.Helper()
	assembly := *awscdk.Stage_Of(stack).Outdir()
	raw, err := os.ReadFile(filepath.Join(assembly, *stack.TemplateFile()))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &template); err != nil {
		t.Fatalf("parse the template of %s: %v", *stack.StackName(), err)
	}
	return template
}

// must ends the test if fn returns an error or panics. jsii panics for each exception in Node.js.
func must(t *testing.T, fn func() error) {
	t.Helper()
	if err := attempt(fn); err != nil {
		t.Fatal(err)
	}
}

// check runs an assertion of the CDK's assertions module. If it fails, the test continues.
func check(t *testing.T, assertion func()) {
	t.Helper()
	if err := attempt(func() error { assertion(); return nil }); err != nil {
		t.Error(err)
	}
}

// attempt runs fn and returns its error. It returns a panic as an error.
func attempt(fn func() error) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("%v", thrown)
		}
	}()
	return fn()
}
