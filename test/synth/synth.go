// Package synth synthesizes apps for the packages that test templates, and reads the templates.
// Each of these packages starts its own Node.js process, so they can run in parallel.
package synth

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// Root is the module's folder, relative to the tests.
const Root = "../.."

// assemblies is the folder in which all apps write their cloud assemblies.
var assemblies string

// Main runs the tests of a package. It returns the exit code.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "templates-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	assemblies = dir
	// The CDK's rules take seconds, so only the package cdkrules applies them. Node.js must see
	// these variables, but jsii copied the environment when this program started. After Close, jsii
	// copies the environment again.
	os.Setenv("CDK_VALIDATION", "false")
	os.Setenv("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
	jsii.Close()
	defer jsii.Close()
	return m.Run()
}

// NewApp returns an app with the context of cdk.json and the given context. It does not compile
// functions, because that takes long.
func NewApp(t *testing.T, context map[string]any) awscdk.App {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(Root, "cdk.json"))
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

// ReadTemplate returns the template of a stack whose app is synthesized. It reads the template's
// file, because Template_FromStack is slow: it first compares all constructs with those of the last
// synth.
func ReadTemplate(t *testing.T, stack awscdk.Stack) (template map[string]any) {
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

// Must ends the test if fn returns an error or panics. jsii panics for each exception in Node.js.
func Must(t *testing.T, fn func() error) {
	t.Helper()
	if err := Attempt(fn); err != nil {
		t.Fatal(err)
	}
}

// Check runs an assertion of the CDK's assertions module. After a failure, the test continues.
func Check(t *testing.T, assertion func()) {
	t.Helper()
	if err := Attempt(func() error { assertion(); return nil }); err != nil {
		t.Error(err)
	}
}

// Attempt runs fn and returns its error. A panic becomes an error.
func Attempt(fn func() error) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("%v", thrown)
		}
	}()
	return fn()
}
