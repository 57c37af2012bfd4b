package eventpipeline

import (
	"maps"
	"os"
	"reflect"
	"regexp"
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

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// section is what docs/construct.md has below a heading, up to the next of the same level.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/construct.md")
	if err != nil {
		t.Fatal(err)
	}
	_, below, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/construct.md has no %s", heading)
	}
	below, _, _ = strings.Cut(below, "\n## ")
	return below
}

// rows are the cells of a section's tables, less their heads.
func rows(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	for line := range strings.Lines(section(t, heading)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "| `") {
			rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
		}
	}
	return rows
}

// documented is a prop's row.
type documented struct{ typ, standard string }

// propsInCode are all props, with those of the authorizers by their path, and what nil props make of them.
func propsInCode() map[string]documented {
	found := map[string]documented{}
	add := func(prefix string, of reflect.Value) {
		for i := range of.NumField() {
			field := of.Type().Field(i)
			found[prefix+field.Name] = documented{field.Type.String(), textOf(of.Field(i))}
		}
	}
	add("", reflect.ValueOf(withDefaults(nil)))
	add("AlarmThresholds.", reflect.ValueOf(AlarmThresholds{}.withDefaults()))
	add("JwtAuthorizer.", reflect.ValueOf(JwtAuthorizerProps{}))
	add("LambdaAuthorizer.", reflect.ValueOf(LambdaAuthorizerProps{}))
	return found
}

// textOf is a plain default as the table has it, "" when there is none.
func textOf(value reflect.Value) string {
	switch v := value.Interface().(type) {
	case *float64:
		if v != nil {
			return text(*v)
		}
	case *bool:
		if v != nil {
			return strconv.FormatBool(*v)
		}
	case *string:
		if v != nil {
			return *v
		}
	case awscdk.Duration:
		if v != nil {
			return inWords(seconds(v))
		}
	case awslambda.Architecture:
		if v != nil {
			return *v.Name()
		}
	}
	if value.Kind() == reflect.String {
		return value.String()
	}
	return ""
}

// inWords is a duration in its largest whole unit.
func inWords(n float64) string {
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
	return text(n) + " " + unit
}

var defaultInCode = regexp.MustCompile("^`([^`]+)`")

func TestDocs_HaveEachPropOnceWithItsTypeAndDefault(t *testing.T) {
	want, got := propsInCode(), map[string]documented{}
	for _, row := range rows(t, "Props") {
		if len(row) != 4 {
			t.Errorf("the row %q has %d cells", row, len(row))
			continue
		}
		name := strings.Trim(row[0], "`")
		if _, twice := got[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		var standard string
		if found := defaultInCode.FindStringSubmatch(row[2]); found != nil {
			standard = found[1]
		}
		got[name] = documented{strings.Trim(row[1], "`"), standard}
		if row[2] == "" || row[3] == "" {
			t.Errorf("%s has no default, or nothing that it becomes", name)
		}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(documented{})); diff != "" {
		t.Errorf("props in docs/construct.md (-code +docs):\n%s", diff)
	}
}

func TestDocs_NameEachMethodAndGetter(t *testing.T) {
	want := map[string]bool{}
	for method := range reflect.TypeFor[EventPipeline]().Methods() {
		want[method.Name] = true
	}
	for method := range reflect.TypeFor[constructs.Construct]().Methods() {
		delete(want, method.Name) // those that every construct has
	}
	delete(want, "ApiUrl") // no parts: they are told of below the table
	delete(want, "Alarms")
	got := map[string]bool{}
	for _, row := range slices.Concat(rows(t, "Methods"), rows(t, "Parts")) {
		got[strings.Trim(row[0], "`")] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("methods in docs/construct.md (-code +docs):\n%s", diff)
	}
}

// Roles are described in prose.
func TestDocs_HaveTheIdOfEachPart(t *testing.T) {
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir()), Context: &map[string]any{"aws:cdk:bundling-stacks": []string{}}})
	p := NewEventPipeline(awscdk.NewStack(app, jsii.String("Stack"), nil), jsii.String("EventPipeline"), nil)
	want := map[string]bool{"DomainName": true} // which nil props don't give it
	for _, child := range *p.Node().Children() {
		id := *child.Node().Id()
		if strings.HasSuffix(id, "Role") {
			continue
		}
		want[id] = true
	}
	got := map[string]bool{}
	for _, row := range rows(t, "Parts") {
		got[strings.Trim(row[1], "`")] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("ids in docs/construct.md (-code +docs):\n%s", diff)
	}
}
