package cloudformation

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func parse(t *testing.T, text string) *Template {
	t.Helper()
	parsed, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func newResolver(t *testing.T) *Resolver {
	t.Helper()
	data, err := os.ReadFile("testdata/functions.json")
	if err != nil {
		t.Fatal(err)
	}
	return &Resolver{
		Template:   parse(t, string(data)),
		Parameters: map[string]string{"NoDefault": "given"},
		Pseudo: Pseudo{
			Region:    "us-east-1",
			Account:   "000000000000",
			StackName: "pipeline",
			StackID:   "arn:aws:cloudformation:pipeline",
		},
		Values: map[string]ReturnValues{"Queue": {
			Ref:        "http://127.0.0.1:4566/000000000000/queue",
			Attributes: map[string]string{"Arn": "arn:aws:sqs:us-east-1:000000000000:queue"},
		}},
		Exports: map[string]string{"network-dev": "vpc-1"},
		Stacks:  map[string]map[string]string{"network": {"Vpcdev": "vpc-2"}},
	}
}

func TestResolver_ResolvesEveryFunction(t *testing.T) {
	r := newResolver(t)
	properties, err := r.Properties(r.Template.Resources["Subject"])
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(properties, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const golden = "testdata/functions.golden.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("resolved to\n%s\nwant (-update rewrites it)\n%s", got, want)
	}
}

func TestResolver_ResolvesOnlyNamedProperties(t *testing.T) {
	r := newResolver(t)
	subject := r.Template.Resources["Subject"]
	subject.Properties["Role"] = map[string]any{"Ref": "Absent"}
	properties, err := r.Properties(subject, "Join", "NotThere")
	if err != nil || len(properties) != 1 || properties["Join"] != "arn:aws:s3:::10" {
		t.Errorf("got %v, %v", properties, err)
	}
}

func TestResolver_ResolvesOutputsWhoseConditionIsTrue(t *testing.T) {
	outputs, exports, err := newResolver(t).ResolveOutputs()
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{
		"QueueUrl": "http://127.0.0.1:4566/000000000000/queue",
		"Memory":   "1024",
	}; !maps.Equal(outputs, want) {
		t.Errorf("outputs %v, want %v", outputs, want)
	}
	if want := map[string]string{
		"pipeline-queue": "http://127.0.0.1:4566/000000000000/queue",
	}; !maps.Equal(exports, want) {
		t.Errorf("exports %v, want %v", exports, want)
	}
}

func TestResolver_ReturnsErrorsWithThePathOfTheValue(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{
			"unknown id",
			`{"a":[0,{"Ref":"Absent"}]}`,
			`Properties.P.a[1].Ref: the template has no resource or parameter "Absent"`,
		},
		{
			"resource not created yet",
			`{"Fn::Join":["",["x",{"Ref":"R"}]]}`,
			`Properties.P.Fn::Join[1].Ref: resource R has not been created yet`,
		},
		{
			"resource with a false condition",
			`{"Ref":"Off"}`,
			`resource Off does not exist, because its condition Never is false`,
		},
		{
			"unknown attribute",
			`{"Fn::GetAtt":["Queue","Nope"]}`,
			`resource Queue (AWS::SQS::Queue) has no attribute Nope on the local platform`,
		},
		{
			"malformed attribute",
			`{"Fn::GetAtt":["Queue"]}`,
			`Properties.P.Fn::GetAtt: ` +
				`the argument must be a logical id and an attribute, got ["Queue"]`,
		},
		{
			"unknown function",
			`{"Fn::Transform":{}}`,
			`Properties.P.Fn::Transform: ` +
				`the local platform does not support the CloudFormation function Fn::Transform`,
		},
		{
			"select beyond the end",
			`{"Fn::Select":[2,["a"]]}`,
			`index must be from 0 to 0, got 2`,
		},
		{"select from text", `{"Fn::Select":[0,"a"]}`, `the value must be a list, got "a"`},
		{
			"join with an object",
			`{"Fn::Join":["",[{"a":1}]]}`,
			`Fn::Join[0]: the value must be a string, got {"a":1}`,
		},
		{
			"unknown id in sub",
			`{"Fn::Sub":"x${Absent}"}`,
			`Fn::Sub.${Absent}.Ref: the template has no resource or parameter "Absent"`,
		},
		{
			"parameter without value and default",
			`{"Ref":"NoDefault"}`,
			`parameters of stack shop must have a value, because they have no default: NoDefault`,
		},
		{
			"SSM parameter",
			`{"Ref":"Ssm"}`,
			`Properties.P.Ref: the SSM parameter /a/b must have a value`,
		},
		{"unknown mapping", `{"Fn::FindInMap":["M","a","c"]}`, `Mappings have no entry M.a.c`},
		{
			"unknown export",
			`{"Fn::ImportValue":"elsewhere"}`,
			`no stack of this app exports "elsewhere"`,
		},
		{
			"unknown stack output",
			`{"Fn::GetStackOutput":{"StackName":"other","OutputName":"Url"}}`,
			`the name "other" and the output "Url"`,
		},
		{
			"unknown condition",
			`{"Fn::If":["Absent",1,2]}`,
			`the template has no condition "Absent"`,
		},
		{
			"circular condition",
			`{"Fn::If":["Self",1,2]}`,
			`condition Self: condition Self must not refer to itself`,
		},
		{
			"function that is not a condition",
			`{"Fn::If":["Odd",1,2]}`,
			`condition Odd: the expression must be a condition function, got Fn::Join`,
		},
		{
			"AWS::NoValue in a condition",
			`{"Fn::If":["Nothing",1,2]}`,
			`the value must be a string, got AWS::NoValue`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := Resolver{
				Template: parse(t, `{
					"Parameters": {"NoDefault": {"Type": "String"},
						"Ssm": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a/b"}},
					"Mappings": {"M": {"a": {"b": 1}}},
					"Conditions": {
						"Never": {"Fn::Equals": ["a", "b"]},
						"Self": {"Fn::Not": [{"Condition": "Self"}]},
						"Odd": {"Fn::Join": ["", []]},
						"Nothing": {"Fn::Equals": [{"Ref": "AWS::NoValue"}, ""]}
					},
					"Resources": {
						"R": {"Type": "T", "Properties": {"P": `+test.value+`}},
						"Off": {"Type": "AWS::SQS::Queue", "Condition": "Never"},
						"Queue": {"Type": "AWS::SQS::Queue"}
					}
				}`),
				Pseudo: Pseudo{StackName: "shop"},
				Values: map[string]ReturnValues{"Queue": {Ref: "q"}},
			}
			_, err := r.Properties(r.Template.Resources["R"])
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestResolver_CallsAttributeIfAttributesLacksTheName(t *testing.T) {
	r := Resolver{
		Template: parse(
			t,
			`{"Resources": {"Role": {"Type": "AWS::IAM::Role"}, "R": {"Type": "T",
				"Properties": {"P": {"Fn::GetAtt": ["Role", "RoleId"]}}}}}`,
		),
		Values: map[string]ReturnValues{
			"Role": {Attribute: func(name string) string { return "the " + name }},
		},
	}
	if got, err := r.Properties(r.Template.Resources["R"]); err != nil || got["P"] != "the RoleId" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestOrder_PutsReferencedResourcesFirst(t *testing.T) {
	ordered, err := parse(t, `{"Resources": {
		"A": {"Type": "T", "Properties": {
			"x": [{"Fn::GetAtt": ["D", "Arn"]}, {"Ref": "AWS::Region"}]}},
		"B": {"Type": "T", "DependsOn": "A", "Properties": {
			"x": {"Fn::Sub": ["${C.Arn}-${Local}", {"Local": {"Ref": "E"}}]}}},
		"H": {"Type": "T", "Properties": {"x": {"Fn::Sub": "${ I.Arn }"}}},
		"I": {"Type": "T", "Metadata": {"x": {"Ref": "J"}}},
		"J": {"Type": "T"},
		"C": {"Type": "T", "DependsOn": ["F"]},
		"D": {"Type": "T"},
		"E": {"Type": "T", "Properties": {"x": {"Fn::If": ["Cond", {"Ref": "G"}, 1]}}},
		"F": {"Type": "T"}, "G": {"Type": "T"}
	}}`).Order()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, resource := range ordered {
		ids = append(ids, resource.LogicalID)
	}
	want := []string{"D", "A", "F", "C", "G", "E", "B", "J", "I", "H"}
	if !slices.Equal(ids, want) {
		t.Errorf("order %v, want %v", ids, want)
	}
}

func TestOrder_KeepsTheOrderOfTheTemplate(t *testing.T) {
	ordered, err := parse(t, `{"Resources": {
		"Orders": {"Type": "T", "Properties": {"x": {"y": [1, "}"]}}}, "Clicks": {"Type": "T"}
	}}`).Order()
	if err != nil || len(ordered) != 2 || ordered[0].LogicalID != "Orders" {
		t.Errorf("order %v, %v; want Orders first", ordered, err)
	}
}

func TestOrder_RejectsACycleOfReferences(t *testing.T) {
	_, err := parse(t, `{"Resources": {
		"A": {"Type": "T", "Properties": {"x": {"Ref": "B"}}},
		"B": {"Type": "T", "DependsOn": "C"},
		"C": {"Type": "T", "Properties": {"x": {"Fn::Sub": "${B}"}}}
	}}`).Order()
	if err == nil || !strings.Contains(err.Error(), "B -> C -> B") {
		t.Errorf("got %v", err)
	}
}

func TestOrder_RejectsDependsOnAnUnknownResource(t *testing.T) {
	_, err := parse(t, `{"Resources": {"A": {"Type": "T", "DependsOn": "B"}}}`).Order()
	want := "resource A: DependsOn must name resources in the template, got B"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

func TestParse_RejectsInvalidTemplate(t *testing.T) {
	for _, text := range []string{
		``,
		`[]`,
		`{"Resources":{}} x`,
		`{"Resources":{"A":{}}}`,
		`{"Resources":{"A":{"Type":"T","DependsOn":1}}}`,
		`{"Resources":{"A":{"type":"T"}}}`, // CloudFormation matches names exactly
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q was parsed, want an error", text)
		}
	}
}
