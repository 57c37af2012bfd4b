package eventpipeline

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

var (
	propsTable = regexp.MustCompile(`(?s)<!-- props -->(.*)<!-- end -->`)
	propRow    = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]*) \\| ([^|]*) \\|$")
	typeName   = regexp.MustCompile(`AWS::\w+::\w+`)
	// byProp are types that no golden template has: they come with a prop.
	byProp = "AWS::ApiGatewayV2::DomainName AWS::ApiGatewayV2::ApiMapping AWS::ApiGatewayV2::Authorizer"
)

// docs/construct.md has each prop once, with the default that the code has.
func TestDocs_HaveEachPropWithItsDefault(t *testing.T) {
	defer jsii.Close()
	text, err := os.ReadFile("../../docs/construct.md")
	if err != nil {
		t.Fatal(err)
	}
	template, err := os.ReadFile("../../test/templates/testdata/keys.template.json")
	if err != nil {
		t.Fatal(err)
	}
	defaults := reflect.ValueOf(withDefaults(nil))
	documented := map[string]bool{}
	for _, row := range propRow.FindAllStringSubmatch(propsTable.FindString(string(text)), -1) {
		name, cell, becomes := row[1], row[2], row[3]
		field := defaults.FieldByName(name)
		if !field.IsValid() || documented[name] {
			t.Errorf("%s is no prop, or is there twice", name)
			continue
		}
		documented[name] = true
		if want := plainDefault(field); want != "" && cell != want && !regexp.MustCompile("^"+regexp.QuoteMeta(want)+`[,:;]`).MatchString(cell) {
			t.Errorf("%s has the default %q, documented as %q", name, want, cell)
		}
		if cell == "" || becomes == "" {
			t.Errorf("%s says nothing of its default or of what it becomes", name)
		}
		for _, kind := range typeName.FindAllString(becomes, -1) {
			if !strings.Contains(string(template), `"`+kind+`"`) && !strings.Contains(byProp, kind) {
				t.Errorf("%s becomes %s, which no template has", name, kind)
			}
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[EventPipelineProps]()) {
		if !documented[field.Name] {
			t.Errorf("%s is not documented", field.Name)
		}
	}
}

// plainDefault is a value as the table has it; "" for what is not plain.
func plainDefault(field reflect.Value) string {
	switch value := field.Interface().(type) {
	case awscdk.Duration:
		return period(seconds(value))
	case awslambda.Architecture:
		return *value.Name()
	case awscdk.RemovalPolicy:
		return strings.ToLower(string(value))
	case awslambda.Tracing:
		return map[awslambda.Tracing]string{awslambda.Tracing_ACTIVE: "Active"}[value]
	case *float64:
		if value != nil {
			return text(*value)
		}
	case *bool:
		return fmt.Sprint(*value)
	case *string:
		if value != nil {
			return *value
		}
	}
	if field.Kind() == reflect.String {
		return field.String()
	}
	return "" // nil, which the table says in words
}

// period is a time in its largest whole unit.
func period(seconds float64) string {
	for _, unit := range []struct {
		name    string
		seconds float64
	}{{"day", 24 * 60 * 60}, {"hour", 60 * 60}, {"minute", 60}, {"second", 1}} {
		if n := seconds / unit.seconds; n >= 1 && n == float64(int(n)) {
			return strings.TrimSuffix(fmt.Sprintf("%d %ss", int(n), unit.name), map[bool]string{true: "s"}[n == 1])
		}
	}
	return "none"
}
