package eventpipeline

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
)

// docsRows returns the cells of all tables in a section of docs/construct.md, without the headers.
func docsRows(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/construct.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/construct.md must have a section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "| `") {
			rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
		}
	}
	return rows
}

// documentedProp contains a prop's type and default. defaultValue is "" if the table describes the
// default in words.
type documentedProp struct{ typ, defaultValue string }

// propsInCode returns the type and the default of every prop. The keys are the names of the props.
// A field of a struct such as WorkerFunction has a key such as WorkerFunction.Timeout.
func propsInCode() map[string]documentedProp {
	props := map[string]documentedProp{}
	var add func(prefix string, group reflect.Value)
	add = func(prefix string, group reflect.Value) {
		for field, value := range group.Fields() {
			props[prefix+field.Name] = documentedProp{field.Type.String(), defaultText(value)}
			switch value.Interface().(type) {
			case *FunctionOptions, *AlarmThresholds:
				add(prefix+field.Name+".", value.Elem())
			case *JwtAuthorizerProps, *LambdaAuthorizerProps:
				add(prefix+field.Name+".", reflect.Zero(value.Type().Elem()))
			}
		}
	}
	add("", reflect.ValueOf(withDefaults(nil)))
	return props
}

// defaultText formats a default in the form that the table in docs/construct.md uses. It returns ""
// if the table describes the default in words.
func defaultText(value reflect.Value) string {
	if value.IsZero() {
		return ""
	}
	switch v := value.Interface().(type) {
	case *float64:
		return formatNumber(*v)
	case *bool:
		return strconv.FormatBool(*v)
	case *string:
		return *v
	case awscdk.Duration:
		return durationText(inSeconds(v))
	case awslambda.Architecture:
		return *v.Name()
	}
	if value.Kind() == reflect.String {
		return value.String()
	}
	return ""
}

// durationText formats a number of seconds in the largest unit that needs no fraction. For 3600, it
// returns "1 hour".
func durationText(n float64) string {
	unit := "second"
	for _, larger := range []struct {
		name    string
		seconds float64
	}{{"day", 86400}, {"hour", 3600}, {"minute", 60}} {
		if whole := n / larger.seconds; whole >= 1 && whole == float64(int(whole)) {
			n, unit = whole, larger.name
			break
		}
	}
	if n != 1 {
		unit += "s"
	}
	return formatNumber(n) + " " + unit
}

func TestDocs_ListEachPropWithTypeAndDefault(t *testing.T) {
	got := map[string]documentedProp{}
	for _, row := range docsRows(t, "Props") {
		if len(row) != 4 || row[2] == "" || row[3] == "" {
			t.Errorf("row %q must have four cells with text", row)
			continue
		}
		name := strings.Trim(row[0], "`")
		if _, twice := got[name]; twice {
			t.Errorf("%s must be listed once", name)
		}
		var value string // "" unless the cell begins with a value in backquotes
		if text, ok := strings.CutPrefix(row[2], "`"); ok {
			value, _, _ = strings.Cut(text, "`")
		}
		got[name] = documentedProp{strings.Trim(row[1], "`"), value}
	}
	diff := cmp.Diff(propsInCode(), got, cmp.AllowUnexported(documentedProp{}))
	if diff != "" {
		t.Errorf("props in docs/construct.md (-code +docs):\n%s", diff)
	}
}

func TestDocs_ListEachMethodAndGetter(t *testing.T) {
	want := map[string]bool{}
	for method := range reflect.TypeFor[EventPipeline]().Methods() {
		want[method.Name] = true
	}
	for method := range reflect.TypeFor[constructs.Construct]().Methods() {
		delete(want, method.Name)
	}
	delete(want, "ApiUrl") // these two are described outside of the tables
	delete(want, "Alarms")
	got := map[string]bool{}
	for _, row := range slices.Concat(docsRows(t, "Methods"), docsRows(t, "Parts")) {
		got[strings.Trim(row[0], "`")] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("methods in docs/construct.md (-code +docs):\n%s", diff)
	}
}

func TestDocs_ListTheIdOfEachPart(t *testing.T) {
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir:  jsii.String(t.TempDir()),
		Context: &map[string]any{"aws:cdk:bundling-stacks": []string{}},
	})
	stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
	p := NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
	want := map[string]bool{"DomainName": true} // exists only if the prop is set
	for _, child := range *p.Node().Children() {
		// The table does not list roles.
		if id := *child.Node().Id(); !strings.HasSuffix(id, "Role") {
			want[id] = true
		}
	}
	got := map[string]bool{}
	for _, row := range docsRows(t, "Parts") {
		got[strings.Trim(row[1], "`")] = true
	}
	ids := func(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
	if diff := cmp.Diff(ids(want), ids(got)); diff != "" {
		t.Errorf("ids in docs/construct.md (-code +docs):\n%s", diff)
	}
}
