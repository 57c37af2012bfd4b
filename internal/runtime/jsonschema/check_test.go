package jsonschema

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/badinput"
)

// folder returns a file system with the files. The map's keys are their paths.
func folder(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

func compile(t *testing.T, files map[string]string) *Set {
	t.Helper()
	bundle, err := Read(folder(files))
	if err != nil {
		t.Fatal(err)
	}
	set, err := Compile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// place identifies a violation by the pointer to the value and the violated keyword.
type place struct{ pointer, keyword string }

// checkFirst checks a payload, and returns the pointer and the keyword of the first violation.
func checkFirst(
	set *Set, eventType, payload string,
) (pointer, keyword string, known bool, err error) {
	violations, known, err := set.Check(eventType, []byte(payload))
	if len(violations) == 0 {
		return "", "", known, err
	}
	return violations[0].Pointer, violations[0].Keyword, known, err
}

var shop = map[string]string{
	"order.created.json": `{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"type": "object", "required": ["amount"],
		"properties": {
			"eventType": {"const": "order.created"},
			"amount": {"$ref": "shared/money.json"},
			"lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "uniqueItems": true},
			"paid": {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
			"old": false,
			"code": {"pattern": "^[A-Z]{3}$"},
			"ref/~": {"not": {"type": "null"}},
			"tags": {"propertyNames": {"maxLength": 3}}
		},
		"additionalProperties": false,
		"$defs": {"line": {
			"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}},
			"unevaluatedProperties": false
		}}
	}`,
	"shared/money.json": `{"type": "number", "minimum": 0, "multipleOf": 0.01}`,
	"tree.json": `{"properties": {
		"left": {"$ref": "#"}, "right": {"$ref": "#"}, "value": {"type": "integer"}
	}}`,
	"list.json":     `{"properties": {"left": {"$ref": "#"}}, "items": {"type": "string"}}`,
	"anything.json": `true`,
	"README.md":     `not a schema`,
}

func TestCheck_LocatesTheFirstViolation(t *testing.T) {
	set := compile(t, shop)
	for payload, want := range map[string]place{
		`{"eventType":"order.created","amount":19.99}`:                 {},
		`{"amount":1e2,"lines":[{"n":1},{"n":2}],"paid":null}`:         {},
		`{"amount":123456789012345678901234567890123456789012345.00}`:  {},
		`{"amount":9007199254740993.01,"paid":"2026-11-23T07:30:00Z"}`: {},
		`{"amount":1e-999999999}`:                                      {},
		`{}`:                                                           {"", "required"},
		`{"amount":"19.99"}`:                                           {"/amount", "type"},
		`{"amount":-1}`:                                                {"/amount", "minimum"},
		`{"amount":0.001}`:                                             {"/amount", "multipleOf"},
		`{"amount":1,"eventType":"x"}`:                                 {"/eventType", "const"},
		`{"amount":1,"lines":[{"n":1},{"n":0}]}`:                       {"/lines/1/n", "minimum"},
		`{"amount":1,"lines":[{"n":1.5}]}`:                             {"/lines/0/n", "type"},
		`{"amount":1,"lines":[{"n":1},{"n":1.0}]}`:                     {"/lines", "uniqueItems"},
		`{"amount":1,"lines":[{"x":1}]}`: {
			"/lines/0/x", "unevaluatedProperties",
		},
		`{"amount":1,"paid":"yesterday"}`: {"/paid", "oneOf"},
		`{"amount":1,"old":1}`:            {"/old", "properties"},
		`{"amount":1,"code":"abc"}`:       {"/code", "pattern"},
		`{"amount":1,"ref/~":null}`:       {"/ref~1~0", "not"},
		`{"amount":1,"b":1,"a":1}`: {
			"/a", "additionalProperties",
		},
		`{"amount":-1,"lines":{},"eventType":"x"}`:                  {"/amount", "minimum"},
		`{"amount":1` + strings.Repeat(" ", 99) + `,"lines":[1,2]}`: {"/lines/0", "type"},
	} {
		for range 5 { // the library visits members in random order
			pointer, keyword, known, _ := checkFirst(set, "order.created", payload)
			if got := (place{pointer, keyword}); got != want || !known {
				t.Errorf("%s: got %v, %t; want %v", payload, got, known, want)
			}
		}
	}
}

func TestCheck_IgnoresSchemasInSubfolders(t *testing.T) {
	set := compile(t, shop)
	for eventType, want := range map[string]bool{
		"order.created": true, "anything": true,
		"money": false, "shared/money": false, "README": false, "order": false,
	} {
		_, keyword, known, _ := checkFirst(set, eventType, `{"amount":1}`)
		if known != want || keyword != "" {
			t.Errorf("%s: %q, %t", eventType, keyword, known)
		}
	}
}

func TestCheck_FollowsRecursiveSchema(t *testing.T) {
	set := compile(t, shop)
	payload := strings.Repeat(`{"left":`, 62) + `{"value":"x"}` + strings.Repeat("}", 62)
	pointer, keyword, _, _ := checkFirst(set, "tree", payload)
	if pointer != strings.Repeat("/left", 62)+"/value" || keyword != "type" {
		t.Errorf("got %q at %q", keyword, pointer)
	}
}

// Each check must end within a minute. The limit is high, because the machine can be slow.
func TestCheck_ReturnsInTimeForExpensivePayloads(t *testing.T) {
	set := compile(t, shop)
	const megabyte = 1 << 20
	unknown := strings.Join(jsonMembers(50000), ",")
	lines := func(elements string) string { return `{"amount":1,"lines":[` + elements + `]}` }
	longNumber := "0." + strings.Repeat("7", 1000)
	for name, c := range map[string]struct{ payload, keyword string }{
		"a long number": {
			`{"amount":0.` + strings.Repeat("7", megabyte) + `}`, "multipleOf",
		},
		"a huge exponent":       {`{"amount":1e-999999999}`, ""},
		"zero, huge exponent":   {`{"amount":0e999999999}`, ""},
		"many long numbers":     {lines(strings.Repeat(longNumber+",", 1000) + "0"), "uniqueItems"},
		"many violations":       {lines(strings.Repeat("0,", megabyte/8) + "0"), Unlocated},
		"many unknown members":  {`{"amount":1,` + unknown + `}`, Unlocated},
		"many different values": {lines(strings.Join(numbers(100000), ",")), Unlocated},
		"many valid values": {
			lines(`{"n":` + strings.Join(numbers(30001)[1:], `},{"n":`) + `}`), "",
		},
		"deeply nested violation": {
			strings.Repeat(`{"left":`, 60) + "[" + strings.Repeat("0,", maxLocated/2) + "0]" +
				strings.Repeat("}", 60),
			"type",
		},
	} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			eventType := "order.created"
			if name == "deeply nested violation" {
				eventType = "list"
			}
			if _, keyword, _, _ := checkFirst(set, eventType, c.payload); keyword != c.keyword {
				t.Errorf("%s: got %q, want %q", name, keyword, c.keyword)
			}
		}()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Errorf("%s: still running after a minute", name)
		}
	}
}

func jsonMembers(n int) []string {
	all := numbers(n)
	for i := range all {
		all[i] = `"k` + all[i] + `":0`
	}
	return all
}

func numbers(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return all
}

// FuzzCheck validates payloads against schemas of many kinds. It skips payloads that are not valid
// events.
func FuzzCheck(f *testing.F) {
	bundle, err := Read(folder(shop))
	if err != nil {
		f.Fatal(err)
	}
	set, err := Compile(bundle)
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range badinput.Bodies() {
		if c.Status == 202 && len(c.Body) < 4096 {
			f.Add([]byte(c.Body))
		}
	}
	f.Add([]byte(`{"eventType":"order.created","amount":1,"lines":[{"n":1}],"paid":null,` +
		`"code":"ABC","ref/~":1,"tags":{"a":1}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if _, err := pipeline.DecodeType(payload); err != nil {
			return
		}
		for eventType := range set.types {
			violations, known, _ := set.Check(eventType, payload)
			for _, v := range violations {
				if v.Keyword == "" || v.Detail == "" || v.Pointer != "" && v.Pointer[0] != '/' {
					t.Errorf("%s: got %+v", eventType, v)
				}
			}
			again, _, _ := set.Check(eventType, payload)
			if !known || len(again) > maxViolations || !slices.Equal(violations, again) {
				t.Errorf("%s, %t: got %v, then %v", eventType, known, violations, again)
			}
		}
	})
}
