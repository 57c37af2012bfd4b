package jsonschema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/violation"
)

// vocabulary has a property for each keyword. The name of the property is the keyword.
const vocabulary = `{
	"type": "object", "required": ["type", "a<b>"],
	"dependentRequired": {"type": ["b"]},
	"propertyNames": {"maxLength": 30},
	"properties": {
		"type": {"type": "integer"}, "types": {"type": ["string", "null"]},
		"enum": {"enum": ["new", "paid", 3, null]}, "const": {"const": {"a": 1}},
		"enums": {"enum": [1,2,3,4,5,6,7,8,9,10,11,12]},
		"minimum": {"minimum": 0.01}, "maximum": {"maximum": 10},
		"exclusiveMinimum": {"exclusiveMinimum": 0}, "exclusiveMaximum": {"exclusiveMaximum": 1},
		"multipleOf": {"multipleOf": 0.5}, "pattern": {"pattern": "^<a>&$"},
		"format": {"format": "uuid"}, "minLength": {"minLength": 1}, "maxLength": {"maxLength": 2},
		"minItems": {"minItems": 2}, "maxItems": {"maxItems": 1},
		"uniqueItems": {"uniqueItems": true}, "contains": {"contains": {"type": "string"}},
		"minContains": {"contains": {"const": 1}, "minContains": 2},
		"minProperties": {"minProperties": 1}, "maxProperties": {"maxProperties": 0},
		"not": {"not": {}}, "false": false,
		"anyOf": {"anyOf": [
			{"type": "string"}, {"required": ["id"]}, {"properties": {"x": false}}]},
		"oneOf": {"oneOf": [{"type": "string"}, {"const": 7}, {"const": 8}, {"const": 9}]},
		"both": {"oneOf": [{}, {}]}
	},
	"additionalProperties": false
}`

func TestCheck_SaysWhatEachKeywordRequires(t *testing.T) {
	set := compile(t, map[string]string{"a.json": vocabulary})
	const noType = `the property "type" is missing`
	for payload, want := range map[string]string{
		`{}`:                        noType,
		`{"type":1,"b":1}`:          `the property "a<b>" is missing`,
		`{"types":1}`:               "the value must be of type null or string, got number",
		`{"enum":"secret"}`:         `the value must be one of "new", "paid", 3, null`,
		`{"enums":0}`:               "one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more values",
		`{"const":"secret"}`:        `the value must be {"a":1}`,
		`{"minimum":0}`:             "the number must be at least 0.01",
		`{"maximum":12345}`:         "the number must be at most 10",
		`{"exclusiveMinimum":0}`:    "the number must be greater than 0",
		`{"exclusiveMaximum":1}`:    "the number must be less than 1",
		`{"multipleOf":0.3}`:        "the number must be a multiple of 0.5",
		`{"pattern":"secret"}`:      `the string must match the pattern "^<a>&$"`,
		`{"format":"secret"}`:       `the string must have the format "uuid"`,
		`{"minLength":""}`:          "the string must have at least 1 character, got 0",
		`{"maxLength":"secret"}`:    "the string must have at most 2 characters, got 6",
		`{"minItems":[]}`:           "the array must have at least 2 elements, got 0",
		`{"maxItems":[1,2]}`:        "the array must have at most 1 element, got 2",
		`{"uniqueItems":[1,2,1]}`:   "the elements must differ, but 0 and 2 are equal",
		`{"contains":[1]}`:          "the array must have a matching element",
		`{"minContains":[1,2]}`:     "the array must have at least 2 matching elements, got 1",
		`{"minProperties":{}}`:      "the object must have at least 1 member, got 0",
		`{"maxProperties":{"a":1}}`: "the object must have at most 0 members, got 1",
		`{"not":1}`:                 `the value must not match the schema of "not"`,
		`{"false":1}`:               notAllowed,
		`{"other":1}`:               notAllowed,
		`{"anyOf":{"x":1}}`: "no alternative of anyOf: the value must be of type string, " +
			`got object; or the property "id" is missing; or ` + notAllowed + `, at "/anyOf/x"`,
		`{"a12345678901234567890123456789x":1}`: "the schema does not allow this name",
		`{"oneOf":1}`: "no alternative of oneOf: the value must be of type string, " +
			"got number; or the value must be 7; or the value must be 8; and 1 more alternatives",
		`{"both":1}`: "the value must match only one alternative of oneOf, but matches several",
		`{"type":1}`: `the property "b" is missing, which "type" requires`,
	} {
		violations, _, err := set.Check("a", []byte(payload))
		text := fmt.Sprint(violations)
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: got %s, %v; want %s", payload, text, err, want)
		}
		if strings.Contains(text, "secret") || strings.Contains(text, "12345}") {
			t.Errorf("%s: the text contains a value of the payload: %s", payload, text)
		}
	}
}

func TestCheck_ListsAtMostTenViolations(t *testing.T) {
	set := compile(t, map[string]string{"a.json": `{
		"required": ["id", "total"],
		"properties": {"total": {"type": "number"}, "lines": {"items": {"type": "string"}}},
		"allOf": [{"required": ["id"]}]
	}`})
	violations, _, err := set.Check("a", []byte(`{"total":"1","lines":["a",2]}`))
	want := []violation.Violation{
		{Keyword: "required", Detail: `the property "id" is missing`}, // only once
		{Pointer: "/lines/1", Keyword: "type",
			Detail: "the value must be of type string, got number"},
		{Pointer: "/total", Keyword: "type",
			Detail: "the value must be of type number, got string"},
	}
	if diff := cmp.Diff(want, violations); diff != "" || err != nil {
		t.Errorf("%v, violations differ (-want +got):\n%s", err, diff)
	}
	violations, _, _ = set.Check("a", []byte(`{"lines":[1,2,3,4,5,6,7,8,9,10,11]}`))
	if len(violations) != maxViolations {
		t.Errorf("got %d violations: %v", len(violations), violations)
	}
}
