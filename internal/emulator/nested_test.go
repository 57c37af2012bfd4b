package emulator

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

// outer contains the files of a stack that contains the test pipeline as a nested stack. As in the
// CDK's cloud assemblies, the nested stack's template is an asset.
var outer = map[string]string{
	"App.template.json": `{
		"Resources": {
			"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {
				"TemplateURL": {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::Region"}, ".",
					{"Ref": "AWS::URLSuffix"}, "/", {"Fn::Sub": "assets-${AWS::AccountId}"},
					"/inner-function.zip"]]},
				"Parameters": {"Outer": {"Ref": "Outside"}}
			}},
			"Outside": {"Type": "AWS::SQS::Queue"},
			"Elsewhere": {"Type": "AWS::CloudFormation::Stack",
				"Properties": {"TemplateURL": "https://example.com/template.json"}},
			"Role": {"Type": "AWS::IAM::Role"},
			"Reader": {"Type": "AWS::Lambda::Function", "Properties": {
				"FunctionName": "reader", "Runtime": "provided.al2023",
				"Code": {"S3Key": "function.zip"}, "Role": {"Fn::GetAtt": ["Role", "Arn"]},
				"Environment": {"Variables": {
					"BUCKET": {"Fn::GetAtt": ["Inner", "Outputs.Bucket"]}}}
			}}
		},
		"Outputs": {
			"Bucket": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Bucket"]}},
			"OuterBack": {"Value": {"Fn::Sub": "${Inner.Outputs.Outer}"}},
			"Outside": {"Value": {"Ref": "Outside"}}
		}
	}`,
	"Pipeline.assets.json": `{"files": {
		"function": {"source": {"path": "asset.function"},
			"destinations": {"here": {"objectKey": "function.zip"}}},
		"inner": {"source": {"path": "Pipeline.template.json"},
			"destinations": {"here": {"objectKey": "inner-function.zip"}}}
	}}`,
	"manifest.json": `{"artifacts": {
		"Pipeline.assets": {"type": "cdk:asset-manifest",
			"properties": {"file": "Pipeline.assets.json"}},
		"App": {"type": "aws:cloudformation:stack", "dependencies": ["Pipeline.assets"],
			"properties": {"templateFile": "App.template.json"}}
	}}`,
}

// nestPipeline adds the outer stack to the folder dir. The test pipeline in dir becomes a nested
// stack.
func nestPipeline(t *testing.T, dir string) app {
	t.Helper()
	a := app{dir}
	for name, content := range outer {
		a.write(t, name, content)
	}
	a.edit(
		t,
		"Pipeline.template.json",
		`"Parameters": {`,
		`"Parameters": {"Outer": {"Type": "String"},`,
	)
	a.edit(
		t,
		"Pipeline.template.json",
		`"Outputs": {`,
		`"Outputs": {"Outer": {"Value": {"Ref": "Outer"}},`,
	)
	a.edit(
		t,
		"Pipeline.template.json",
		`"BUS": {"Ref": "Bus"}`,
		`"BUS": {"Ref": "Bus"}, "OUTER": {"Ref": "Outer"}`,
	)
	return a
}

// nestedPipeline returns a cloud assembly with the test pipeline in a nested stack.
func nestedPipeline(t *testing.T) app {
	t.Helper()
	original, err := testPipeline()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(original)); err != nil {
		t.Fatal(err)
	}
	return nestPipeline(t, dir)
}

const nestedStack = "AWS::CloudFormation::Stack"

func TestNestedStack_PassesParametersAndOutputs(t *testing.T) {
	p, steps := start(t, func(o *Options) { o.Assembly = nestedPipeline(t).dir })
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "processed", "e-1")
	status, body := object(t, p, "e-1")
	// To find the bucket, the function object reads an output of the outer stack.
	if status != 200 {
		t.Errorf("the record: HTTP %d %s", status, body)
	}
	app, inner := p.Stacks[0], p.Stacks[1]
	if passed := app.Outputs["OuterBack"]; passed == "" || passed != app.Outputs["Outside"] {
		t.Errorf("the parameter is %q, want %q", passed, app.Outputs["Outside"])
	}
	if app.Name != "App" || app.ParentID != "" || inner.ParentID != app.ID ||
		!strings.HasPrefix(inner.Name, "App-Inner-") {
		t.Errorf("stacks %q of %q, %q of %q", app.Name, app.ParentID, inner.Name, inner.ParentID)
	}
	if !slices.Contains(
		app.Resources,
		StackResource{LogicalID: "Inner", PhysicalID: inner.ID, Type: nestedStack},
	) {
		t.Errorf("the outer stack's resources are %v", app.Resources)
	}
	if want := nestedStack + " whose template is not an asset"; p.NotRun[0] != want {
		t.Errorf("not run: %q, want %s", p.NotRun, want)
	}
}

func TestNestedStack_IsPartOfErrors(t *testing.T) {
	a := nestedPipeline(t)
	a.edit(t, "App.template.json", `{"Outer": {"Ref": "Outside"}}`, `{}`)
	_, err := New(t.Context(), Options{Assembly: a.dir})
	want := "provision stack App: resource Inner (AWS::CloudFormation::Stack): " +
		"resource WorkerFunction (AWS::Lambda::Function): " +
		"Properties.Environment.Variables.OUTER.Ref: the nested stack App-Inner-"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := os.Remove(filepath.Join(a.dir, "Pipeline.template.json")); err != nil {
		t.Fatal(err)
	}
	_, err = New(t.Context(), Options{Assembly: a.dir})
	if want := "resource Inner (AWS::CloudFormation::Stack): read the template: "; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestNestedStack_IsReloaded(t *testing.T) {
	a := newApp(t)
	nestPipeline(t, a.dir)
	p, steps := a.run(t)
	inner := p.Stacks[1].Name
	api := cloudformation.PhysicalName(inner, "ApiFunction", 64)

	a.edit(t, "function/main.go", record, versionSource("v1"))
	for _, function := range []string{"worker", "reader", api} {
		steps.waitTimes(t, 1, "reloaded", function)
	}
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "processed", "e-1")
	if _, body := object(t, p, "e-1"); !strings.HasPrefix(body, "v1 ") {
		t.Errorf("the record is %s, want version v1", body)
	}
	if n := steps.countSteps("restart needed", ""); n > 0 {
		t.Errorf("restart needed: recorded %d times, want none", n)
	}

	// A function that refers to new outputs keeps its old code.
	a.edit(
		t,
		"Pipeline.template.json",
		`"Outputs": {`,
		`"Outputs": {"New": {"Value": {"Ref": "Seen"}},`,
	)
	a.edit(
		t,
		"App.template.json",
		`"Outputs.Bucket"]}}}`,
		`"Outputs.Bucket"]}, "NEW": {"Fn::GetAtt": ["Inner", "Outputs.New"]}}}`,
	)
	a.edit(t, "function/main.go", versionSource("v1"), versionSource("v2"))
	got := detailText(steps.waitTimes(t, 1, "restart needed", ""))
	if got != `for=["Outputs of stack `+inner+`"] oldCode=["reader"]` {
		t.Errorf("restart needed %s", got)
	}
	steps.waitTimes(t, 2, "reloaded", "worker")

	// A function that depends on new parameters of its stack also keeps its old code.
	a.edit(t, "App.template.json", `{"Outer": {"Ref": "Outside"}}`, `{"Outer": {"Ref": "New"}}`)
	a.edit(
		t,
		"App.template.json",
		`"Outside": {"Type"`,
		`"New": {"Type": "AWS::SQS::Queue"}, "Outside": {"Type"`,
	)
	a.edit(t, "function/main.go", versionSource("v2"), versionSource("v3"))
	want := `for=["Inner (AWS::CloudFormation::Stack)","New (AWS::SQS::Queue)",` +
		`"Outputs of stack ` + inner + `"] oldCode=["` + api + `","worker","reader"]`
	if got := detailText(steps.waitTimes(t, 2, "restart needed", "")); got != want {
		t.Errorf("restart needed %s, want %s", got, want)
	}
}
