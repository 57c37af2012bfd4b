package jsonschema

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// doubling holds schemas that double the number of steps at each level of a payload.
var doubling = map[string]string{
	"tree.json": `{"$ref": "#/$defs/node", "$defs": {
		"node": {"type": "object", "properties": {"child": {"anyOf": [
			{"$ref": "#/$defs/leaf"}, {"$ref": "#/$defs/branch"}
		]}}},
		"leaf": {"allOf": [{"$ref": "#/$defs/node"}, {"required": ["value"]}]},
		"branch": {"allOf": [{"$ref": "#/$defs/node"}, {"required": ["name"]}]}
	}}`,
	"not.json": `{"properties": {"child": {"not": {"anyOf": [
		{"$ref": "#"}, {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}
	]}}}}`,
	"condition.json": `{"properties": {
		"child": {"if": {"$ref": "#"}, "then": {"$ref": "#"}, "else": {"$ref": "#"}}, "other": false
	}}`,
	"dependent.json": `{
		"properties": {"child": {"$ref": "#"}},
		"dependentSchemas": {"child": {"properties": {"child": {"$ref": "#"}}}}
	}`,
	"pattern.json": `{"patternProperties": {"^c": {"$ref": "#"}, "d$": {"$ref": "#"}}}`,
	"dynamic.json": `{"$ref": "shared/child.json", "$defs": {"here": {
		"$dynamicAnchor": "node",
		"properties": {"child": {"allOf": [{"$dynamicRef": "#node"}, {"$dynamicRef": "#node"}]}}
	}}}`,
	"shared/child.json": `{"$dynamicRef": "#node", "$defs": {"there": {"$dynamicAnchor": "node"}}}`,
}

func TestCheck_LimitsStepsOfRecursiveSchemas(t *testing.T) {
	set := compile(t, doubling)
	set.budget.max = 10_000
	for eventType := range set.types {
		for levels, tooComplex := range map[int]bool{2: false, 60: true} {
			payload := strings.Repeat(`{"child":`, levels) + "1" + strings.Repeat("}", levels)
			_, _, known, err := checkFirst(set, eventType, payload)
			if !known || (err == ErrTooComplex) != tooComplex {
				t.Errorf("%s, %d levels: %t, %v", eventType, levels, known, err)
			}
		}
	}
}

// costly holds pairs of a schema and a payload. Each schema validates its payload's values many
// times.
var costly = map[string]struct{ schema, payload string }{
	"pattern": {
		`{"items": ` + repeatSchema(`{"pattern": "a$"}`) + `}`,
		`["` + strings.Repeat("a", 1<<20-10) + `"]`,
	},
	"format": {
		`{"items": ` + repeatSchema(`{"format": "regex"}`) + `}`,
		`["` + strings.Repeat("(a)", 300000) + `"]`,
	},
	"length": {
		`{"items": ` + repeatSchema(`{"maxLength": 2000000}`) + `}`,
		`["` + strings.Repeat("é", 1<<19-10) + `"]`,
	},
	"names": {
		repeatSchema(`{"propertyNames": {"pattern": "a$"}}`),
		`{"` + strings.Repeat("a", 1<<20-10) + `":1}`,
	},
	"patternProperties": {
		repeatSchema(`{"patternProperties": {"a$": {}, "b$": {}}}`),
		`{"` + strings.Repeat("a", 1<<20-10) + `":1}`,
	},
	"members": {
		repeatSchema(`{"additionalProperties": {}, "unevaluatedProperties": {}}`),
		`{` + strings.Join(jsonMembers(80000), ",") + `}`,
	},
	"elements": {
		repeatSchema(`{"items": {}, "unevaluatedItems": {}}`),
		`[` + strings.Join(numbers(150000), ",") + `]`,
	},
	"unique numbers": {
		repeatSchema(`{"uniqueItems": true}`),
		`[[` + strings.Join(numbers(100000), "],[") + `]]`,
	},
	"unique objects": {
		repeatSchema(`{"uniqueItems": true}`),
		`[{"x":` + strings.Join(numbers(80000), `},{"x":`) + `}]`,
	},
}

func repeatSchema(schema string) string {
	return `{"allOf": [` + strings.Repeat(schema+",", 1000) + `{}]}`
}

func TestCheck_CountsStepsByTheSizeOfValues(t *testing.T) {
	for name, c := range costly {
		set := compile(t, map[string]string{"a.json": c.schema})
		set.budget.max = 100_000
		if _, _, _, err := checkFirst(set, "a", c.payload); err != ErrTooComplex {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// With an ordinary schema, a payload of a megabyte must not exceed the limit of steps.
func TestCheck_AcceptsAMegabyteOfSmallValues(t *testing.T) {
	set := compile(t, map[string]string{
		"orders.json": `{"properties": {"lines": {"items": {"$ref": "shared/line.json"}}}}`,
		"shared/line.json": `{"type": "object", "required": ["sku"], "properties": {
			"sku": {"type": "string"}, "n": {"anyOf": [{"type": "integer"}, {"type": "null"}]}
		}}`,
	})
	payload := `{"lines":[` + strings.Repeat(`{"sku":"a1","n":1},`, 54999) + `{"sku":"a1","n":1}]}`
	_, keyword, known, err := checkFirst(set, "orders", payload)
	if keyword != "" || !known || err != nil {
		t.Errorf("%q, %t, %v", keyword, known, err)
	}
}

// All compilers of the library share the metaschemas, so Compile must not change them.
func TestCompile_DoesNotChangeTheLibrarysMetaschemas(t *testing.T) {
	files := map[string]string{
		"meta.json": `{"$ref": "https://json-schema.org/draft/2020-12/schema"}`,
	}
	one, other := compile(t, files), compile(t, files)
	for range 3 {
		for _, set := range []*Set{one, other} {
			_, keyword, _, err := checkFirst(set, "meta", `{"type":"strng"}`)
			if keyword == "" || err != nil {
				t.Errorf("%q, %v", keyword, err)
			}
		}
	}
	one.budget.left = 0
	if err := jsonschema.NewCompiler().AddResource("a:b", map[string]any{}); err != nil {
		t.Error(err)
	}
	if _, err := jsonschema.NewCompiler().
		Compile("https://json-schema.org/draft/2020-12/schema"); err != nil {
		t.Error(err)
	}
}

func TestSubschemas_FindsEveryFieldOfSchemas(t *testing.T) {
	to := new(jsonschema.Schema)
	fields := reflect.TypeFor[jsonschema.Schema]()
	for i := range fields.NumField() {
		field := fields.Field(i)
		schema := new(jsonschema.Schema)
		value := reflect.ValueOf(schema).Elem().Field(i)
		switch {
		case !field.IsExported():
			continue
		case field.Type == reflect.TypeFor[*jsonschema.Schema]():
			value.Set(reflect.ValueOf(to))
		case field.Type == reflect.TypeFor[[]*jsonschema.Schema]():
			value.Set(reflect.ValueOf([]*jsonschema.Schema{to}))
		case field.Type == reflect.TypeFor[map[string]*jsonschema.Schema]():
			value.Set(reflect.ValueOf(map[string]*jsonschema.Schema{strconv.Itoa(i): to}))
		case field.Type == reflect.TypeFor[any]():
			value.Set(reflect.ValueOf(to))
		default:
			continue
		}
		if found := subschemas(reflect.ValueOf(schema).Elem()); len(found) != 1 || found[0] != to {
			t.Errorf("%s: found %d", field.Name, len(found))
		}
	}
}

// BenchmarkCheck_TheMostComplex measures how long validating a payload can take.
func BenchmarkCheck_TheMostComplex(b *testing.B) {
	payload := strings.Repeat(`{"child":`, 60) + "1" + strings.Repeat("}", 60)
	for file := range doubling {
		if eventType := strings.TrimSuffix(file, ".json"); !strings.Contains(file, "/") {
			benchmark(b, doubling, eventType, payload)
		}
	}
	for name, c := range costly {
		eventType := strings.ReplaceAll(name, " ", ".")
		benchmark(b, map[string]string{eventType + ".json": c.schema}, eventType, c.payload)
	}
}

func benchmark(b *testing.B, schemas map[string]string, eventType, payload string) {
	bundle, err := Read(folder(schemas))
	if err != nil {
		b.Fatal(err)
	}
	b.Run(eventType, func(b *testing.B) {
		set, err := Compile(bundle)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, _, err := set.Check(eventType, []byte(payload)); err != ErrTooComplex {
				b.Fatal(err)
			}
		}
	})
}
