package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
)

// fakeProvider adds SSM parameters to the engine. It creates no other resources.
type fakeProvider struct{ engine *Engine }

func (p fakeProvider) Create(s *Stack, r Resource) (ReturnValues, error) {
	properties, err := s.Properties(r)
	if r.Type == "AWS::SSM::Parameter" {
		p.engine.SSM[fmt.Sprint(properties["Name"])] = fmt.Sprint(properties["Value"])
	}
	return ReturnValues{Ref: fmt.Sprint(properties["Name"])}, err
}

func (fakeProvider) LocalURLs(text string) string { return text }

// createStacks creates a stack for each section, and returns the outputs of the last stack. A
// section is the content of a template without the outer braces.
func createStacks(
	t *testing.T, parameters Parameters, ssm map[string]string, sections ...string,
) (map[string]string, error) {
	t.Helper()
	provider := &fakeProvider{}
	e := NewEngine("us-east-1", "000000000000", provider, time.Now)
	provider.engine, e.Parameters = e, parameters
	maps.Copy(e.SSM, ssm)
	var outputs map[string]string
	for i, section := range sections {
		s, err := e.Create(cdkapp.Stack{
			Name: fmt.Sprintf("stack%d", i), Template: []byte("{" + section + "}"),
		})
		if err != nil {
			return nil, err
		}
		outputs = s.Outputs
	}
	return outputs, nil
}

const sized = `"Parameters": {
		"Size": {"Type": "Number", "MinValue": 2, "MaxValue": "50"},
		"Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]},
		"Names": {"Type": "List<String>"}
	}, "Outputs": {
		"Size": {"Value": {"Ref": "Size"}}, "Stage": {"Value": {"Ref": "Stage"}},
		"Second": {"Value": {"Fn::Select": [1, {"Ref": "Names"}]}}
	}`

func TestEngine_UsesPassedParameters(t *testing.T) {
	outputs, err := createStacks(t, Parameters{
		"Size": "3", "stack0:Size": "4", "Names": "a, b=c", "other:Stage": "prod",
	}, nil, sized)
	want := map[string]string{"Size": "4", "Stage": "dev", "Second": "b=c"}
	if err != nil || !maps.Equal(outputs, want) {
		t.Errorf("outputs %v, %v, want %v", outputs, err, want)
	}
}

func TestEngine_NamesAllParametersWithoutValue(t *testing.T) {
	_, err := createStacks(t, nil, nil, sized)
	missing, ok := errors.AsType[*MissingParameterError](err)
	if !ok || missing.Stack != "stack0" || !slices.Equal(missing.Names, []string{"Names", "Size"}) {
		t.Errorf("got %v", err)
	}
}

func TestEngine_ChecksPassedParameters(t *testing.T) {
	for pair, want := range map[string]string{
		"Size=many":    "parameter Size of stack stack0 must be a number",
		"Size=1":       "must be at least 2",
		"Size=51":      "must be at most 50",
		"Stage=test":   "must be one of dev, prod",
		"Short=abcd":   "must have at most 3 characters",
		"Short=":       "must have at least 1 characters",
		"Pattern=ab":   "must match [a-z]",
		"Short=äöü":    "",
		"Pattern=a":    "",
		"Lookahead=ab": "", // a pattern that only Java supports
	} {
		name, value, _ := strings.Cut(pair, "=")
		_, err := createStacks(t, Parameters{name: value}, nil, `"Parameters": {
			"Size": {"Type": "Number", "MinValue": 2, "MaxValue": "50"},
			"Stage": {"Type": "String", "AllowedValues": ["dev", "prod"]},
			"Short": {"Type": "String", "MinLength": 1, "MaxLength": 3},
			"Pattern": {"Type": "String", "AllowedPattern": "[a-z]"},
			"Lookahead": {"Type": "String", "AllowedPattern": "(?=x).*"}
		}`)
		if want == "" && err != nil || want != "" && (err == nil ||
			!strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", pair, err, want)
		}
	}
}

func TestEngine_ChecksEachElementOfAPassedList(t *testing.T) {
	for pair, want := range map[string]string{
		"Stages=prod,dev":  "",
		"Stages=dev, test": `must be one of dev, prod, got "test"`,
		"Letters=a,b":      "",
		"Letters=a,bc":     `must match [a-z], got "bc"`,
		"Sizes=1,2.5":      "",
		"Sizes=1,many":     `must be a number, got "many"`,
	} {
		name, value, _ := strings.Cut(pair, "=")
		_, err := createStacks(t, Parameters{name: value}, nil, `"Parameters": {
			"Stages": {"Type": "CommaDelimitedList", "AllowedValues": ["dev", "prod"]},
			"Letters": {"Type": "CommaDelimitedList", "AllowedPattern": "[a-z]"},
			"Sizes": {"Type": "List<Number>"}
		}`)
		if want == "" && err != nil || want != "" && (err == nil ||
			!strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", pair, err, want)
		}
	}
}

func TestParametersCheck_RejectsUnknownNames(t *testing.T) {
	stacks := []cdkapp.Stack{{Name: "shop", Template: []byte(`{"Parameters": {
		"Size": {"Type": "Number"}, "BootstrapVersion": {"Type": "String"}}}`)}}
	for key, ok := range map[string]bool{
		"Size": true, "shop:Size": true, "Siz": false, "depot:Size": false, "shop:": false,
	} {
		err := Parameters{key: "1"}.Check(stacks)
		unknown, isUnknown := errors.AsType[*UnknownParameterError](err)
		if ok && err != nil || !ok && (!isUnknown || unknown.Key != key ||
			!slices.Equal(unknown.Known, []string{"shop:Size"})) {
			t.Errorf("%s: got %v", key, err)
		}
	}
}

func TestEngine_ResolvesSSMParameters(t *testing.T) {
	const uses = `"Parameters": {
			"Bus": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/bus:3"},
			"Names": {"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/shop/names"},
			"Image": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/ami"}
		}, "Resources": {
			"Queue": {"Type": "AWS::SQS::Queue", "Properties": {
				"Name": {"Fn::Join": ["", [
					"q-{{resolve:ssm:", "/shop/bus:1", "}}-{{resolve:ssm:/shop/bus}}"]]}}}
		}, "Outputs": {
			"Bus": {"Value": {"Ref": "Bus"}}, "Queue": {"Value": {"Ref": "Queue"}},
			"Second": {"Value": {"Fn::Select": [1, {"Ref": "Names"}]}},
			"Image": {"Value": {"Ref": "Image"}}
		}`
	// The first stack creates a parameter that the second stack uses.
	outputs, err := createStacks(t, nil, map[string]string{"/shop/names": "a,b"},
		`"Resources": {"P": {"Type": "AWS::SSM::Parameter",
			"Properties": {"Name": "/shop/bus", "Value": "orders"}}}`, uses)
	want := map[string]string{
		"Bus": "orders", "Queue": "q-orders-orders", "Second": "b", "Image": placeholderImage,
	}
	if err != nil || !maps.Equal(outputs, want) {
		t.Errorf("outputs %v, %v, want %v", outputs, err, want)
	}
	_, err = createStacks(t, nil, nil, uses)
	if missing, ok := errors.AsType[*MissingParameterError](err); !ok ||
		!strings.HasPrefix(missing.SSM, "/shop/bus") {
		t.Errorf("without a value: got %v", err)
	}
}

func TestEngine_ReturnsTheZonesOfARegion(t *testing.T) {
	outputs, err := createStacks(t, nil, nil, `"Outputs": {
		"Own": {"Value": {"Fn::Select": [0, {"Fn::GetAZs": ""}]}},
		"Other": {"Value": {"Fn::Select": [2, {"Fn::GetAZs": "eu-west-1"}]}}
	}`)
	want := map[string]string{"Own": "us-east-1a", "Other": "eu-west-1c"}
	if err != nil || !maps.Equal(outputs, want) {
		t.Errorf("outputs %v, %v, want %v", outputs, err, want)
	}
}

// The names of asset parameters change with each build. A reload compares Template.Parameters, so
// this field must omit asset parameters.
func TestEngine_ResolvesAssetParameters(t *testing.T) {
	e := NewEngine("us-east-1", "000000000000", &fakeProvider{}, time.Now)
	source := cdkapp.Stack{
		Name:            "shop",
		AssetParameters: map[string]string{"Key1": "||1.zip"},
		Template: []byte(`{"Parameters": {"Key1": {"Type": "String"}, "Own": {"Type": "String"}},
			"Outputs": {"Key": {"Value": {
				"Fn::Select": [1, {"Fn::Split": ["||", {"Ref": "Key1"}]}]}}}}`),
	}
	s, err := e.Create(source)
	if err != nil || s.Outputs["Key"] != "1.zip" {
		t.Fatalf("got %+v, %v", s, err)
	}
	source.Template = []byte(strings.ReplaceAll(string(source.Template), "Key1", "Key2"))
	source.AssetParameters = map[string]string{"Key2": "||2.zip"}
	next, err := s.WithTemplate(source)
	if err != nil {
		t.Fatal(err)
	}
	outputs, _, err := next.ResolveOutputs()
	if err != nil || outputs["Key"] != "2.zip" || len(next.Template.Parameters) != 1 {
		t.Errorf("got %v, parameters %v, %v", outputs, next.Template.Parameters, err)
	}
}
