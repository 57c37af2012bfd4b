package jsonschema

import (
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/badinput"
)

// folder is files by name.
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
		"$defs": {"line": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "unevaluatedProperties": false}}
	}`,
	"shared/money.json": `{"type": "number", "minimum": 0, "multipleOf": 0.01}`,
	"tree.json":         `{"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "value": {"type": "integer"}}}`,
	"list.json":         `{"properties": {"left": {"$ref": "#"}}, "items": {"type": "string"}}`,
	"anything.json":     `true`,
	"README.md":         `not a schema`,
}

func TestCheck_NamesTheFirstBreach(t *testing.T) {
	set := compile(t, shop)
	for payload, want := range map[string]breach{
		`{"eventType":"order.created","amount":19.99}`:                   {},
		`{"amount":1e2,"lines":[{"n":1},{"n":2}],"paid":null}`:           {},
		`{"amount":123456789012345678901234567890123456789012345.00}`:    {},
		`{"amount":9007199254740993.01,"paid":"2026-11-23T07:30:00Z"}`:   {},
		`{"amount":1e-999999999}`:                                        {},
		`{}`:                                                             {"", "required"},
		`{"amount":"19.99"}`:                                             {"/amount", "type"},
		`{"amount":-1}`:                                                  {"/amount", "minimum"},
		`{"amount":0.001}`:                                               {"/amount", "multipleOf"},
		`{"amount":1,"eventType":"x"}`:                                   {"/eventType", "const"},
		`{"amount":1,"lines":[{"n":1},{"n":0}]}`:                         {"/lines/1/n", "minimum"},
		`{"amount":1,"lines":[{"n":1.5}]}`:                               {"/lines/0/n", "type"},
		`{"amount":1,"lines":[{"n":1},{"n":1.0}]}`:                       {"/lines", "uniqueItems"},
		`{"amount":1,"lines":[{"x":1}]}`:                                 {"/lines/0/x", "unevaluatedProperties"},
		`{"amount":1,"paid":"yesterday"}`:                                {"/paid", "oneOf"},
		`{"amount":1,"old":1}`:                                           {"/old", "properties"},
		`{"amount":1,"code":"abc"}`:                                      {"/code", "pattern"},
		`{"amount":1,"ref/~":null}`:                                      {"/ref~1~0", "not"},
		`{"amount":1,"b":1,"a":1}`:                                       {"/a", "additionalProperties"},
		`{"amount":-1,"lines":{},"eventType":"x"}`:                       {"/amount", "minimum"},
		`{"amount":1` + strings.Repeat(" ", 100) + `,"lines":[1,2,"x"]}`: {"/lines/0", "type"},
	} {
		for range 5 { // the library goes through members in random order
			pointer, keyword, known, _ := set.Check("order.created", []byte(payload))
			if got := (breach{pointer, keyword}); got != want || !known {
				t.Errorf("%s: got %v, %t; want %v", payload, got, known, want)
			}
		}
	}
}

func TestCheck_KnowsTheTypesOfTheFolderAlone(t *testing.T) {
	set := compile(t, shop)
	for eventType, want := range map[string]bool{"order.created": true, "anything": true, "money": false, "shared/money": false, "README": false, "order": false} {
		if _, keyword, known, _ := set.Check(eventType, []byte(`{"amount":1}`)); known != want || keyword != "" {
			t.Errorf("%s: %q, %t", eventType, keyword, known)
		}
	}
}

func TestCheck_FollowsASchemaThatRefersToItself(t *testing.T) {
	set := compile(t, shop)
	payload := strings.Repeat(`{"left":`, 62) + `{"value":"x"}` + strings.Repeat("}", 62)
	pointer, keyword, _, _ := set.Check("tree", []byte(payload))
	if pointer != strings.Repeat("/left", 62)+"/value" || keyword != "type" {
		t.Errorf("got %q at %q", keyword, pointer)
	}
}

// A megabyte must not keep the function busy until Lambda ends it; the bound is far above what is needed.
func TestCheck_EndsWithHostilePayloads(t *testing.T) {
	set := compile(t, shop)
	const megabyte = 1 << 20
	for name, c := range map[string]struct{ payload, keyword string }{
		"a long number":         {`{"amount":0.` + strings.Repeat("7", megabyte) + `}`, "multipleOf"},
		"a huge exponent":       {`{"amount":1e-999999999}`, ""},
		"zero, huge exponent":   {`{"amount":0e999999999}`, ""},
		"many long numbers":     {`{"amount":1,"lines":[` + strings.Repeat("0."+strings.Repeat("7", 1000)+",", 1000) + `0]}`, "uniqueItems"},
		"many breaches":         {`{"amount":1,"lines":[` + strings.Repeat("0,", megabyte/8) + `0]}`, Unlocated},
		"many unknown members":  {`{"amount":1,` + strings.Join(members(50000), ",") + `}`, Unlocated},
		"many different values": {`{"amount":1,"lines":[` + strings.Join(numbers(100000), ",") + `]}`, Unlocated},
		"many good values":      {`{"amount":1,"lines":[{"n":` + strings.Join(numbers(30001)[1:], `},{"n":`) + `}]}`, ""},
		"a deep place":          {strings.Repeat(`{"left":`, 60) + "[" + strings.Repeat("0,", maxLocated/2) + "0]" + strings.Repeat("}", 60), "type"},
	} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			eventType := "order.created"
			if name == "a deep place" {
				eventType = "list"
			}
			if _, keyword, _, _ := set.Check(eventType, []byte(c.payload)); keyword != c.keyword {
				t.Errorf("%s: got %q, want %q", name, keyword, c.keyword)
			}
		}()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Errorf("%s: no end", name)
		}
	}
}

func members(n int) []string {
	all := numbers(n)
	for i := range all {
		all[i] = `"k` + all[i] + `":0`
	}
	return all
}

func TestCompile_NamesFileAndPlaceOfEachMistake(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"wrong value of a keyword": {map[string]string{"a.json": `{"properties":{"x":{"type":"strng"}}}`}, []string{"a.json#/properties/x/type: ", "'string'"}},
		"wrong type of a keyword":  {map[string]string{"a.json": `{"minimum":"1"}`}, []string{"a.json#/minimum: got string, want number"}},
		"no schema":                {map[string]string{"a.json": `[]`}, []string{"a.json#: got array, want boolean or object"}},
		"bad pattern":              {map[string]string{"a.json": `{"items":{"pattern":"(?=x)"}}`}, []string{"a.json#/items/pattern: "}},
		"other draft": {map[string]string{"a.json": `{"$schema":"http://json-schema.org/draft-07/schema#"}`},
			[]string{"a.json: /$schema: http://json-schema.org/draft-07/schema# is not supported; take https://json-schema.org/draft/2020-12/schema"}},
		"own metaschema":        {map[string]string{"a.json": `{"$schema":"https://example.com/meta"}`}, []string{"a.json: /$schema: "}},
		"network":               {map[string]string{"a.json": `{"items":{"$ref":"https://example.com/x.json"}}`}, []string{`a.json#/items/$ref: `, `"https://example.com/x.json": it is not in the folder`}},
		"file":                  {map[string]string{"a.json": `{"$ref":"file:///etc/passwd"}`}, []string{`a.json#/$ref: `, `"file:///etc/passwd": it is not in the folder`}},
		"file above":            {map[string]string{"a.json": `{"$ref":"../../etc/passwd"}`}, []string{`a.json#/$ref: `, `"etc/passwd": it is not in the folder`}},
		"missing file":          {map[string]string{"a.json": `{"$ref":"b.json"}`}, []string{`a.json#/$ref: `, `"b.json": it is not in the folder`}},
		"missing definition":    {map[string]string{"a.json": `{"items":{"$ref":"#/$defs/x"}}`}, []string{`a.json#/items/$ref: `, "#/$defs/x"}},
		"missing anchor":        {map[string]string{"a.json": `{"anyOf":[{"$ref":"#x"}]}`}, []string{`a.json#/anyOf/0/$ref: `}},
		"mistake in a referred": {map[string]string{"a.json": `{"$ref":"d/b.json"}`, "d/b.json": `{"type":1}`}, []string{"d/b.json#/type: "}},
		"no event's type":       {map[string]string{"1.json": `true`}, []string{`1.json: no event has the type "1"; name the file <eventType>.json`}},
		"hidden file":           {map[string]string{".json": `true`}, []string{`.json: no event has the type ""`}},
		"id twice":              {map[string]string{"a.json": `{"$id":"https://x/y"}`, "b.json": `{"$id":"https://x/y"}`}, []string{"b.json: /$id: "}},
		"several":               {map[string]string{"a.json": `{"type":1}`, "b.json": `{"type":2}`, "c.json": `true`}, []string{"a.json#/type", "b.json#/type"}},
	} {
		t.Run(name, func(t *testing.T) {
			bundle, err := Read(folder(c.files))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Compile(bundle)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q", err, want)
				}
			}
			if n := strings.Count(err.Error(), "\n") + 1; n > len(c.files) {
				t.Errorf("%d mistakes in %d files: %v", n, len(c.files), err)
			}
		})
	}
}

func TestCompile_KnowsSchemasByTheirID(t *testing.T) {
	set := compile(t, map[string]string{
		"a.json":        `{"$id":"https://example.com/events/a","properties":{"m":{"$ref":"money"}}}`,
		"shared/m.json": `{"$id":"https://example.com/events/money","type":"number"}`,
	})
	if pointer, keyword, _, _ := set.Check("a", []byte(`{"m":"x"}`)); pointer != "/m" || keyword != "type" {
		t.Errorf("got %q at %q", keyword, pointer)
	}
}

func TestRead_NamesLineAndColumn(t *testing.T) {
	_, err := Read(folder(map[string]string{"a.json": "{\n  \"type\": \"object\",\n  oops\n}", "b/c.json": `{"a":1`, "empty.json": ""}))
	for _, want := range []string{"a.json:3:3: invalid character 'o'", "b/c.json:1:6: unexpected end", "empty.json"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestTypePattern_IsTheDomains(t *testing.T) {
	for _, text := range []string{"a", "A.b_c-9", strings.Repeat("a", 64), strings.Repeat("a", 65), "", "1a", ".a", "a/b", "a b", "é", "a\n"} {
		if typePattern.MatchString(text) != pipeline.ValidType(text) {
			t.Errorf("%q: the domain does not agree", text)
		}
	}
}

func numbers(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return all
}

// FuzzCheck holds whatever the domain accepts against schemas of every kind.
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
	f.Add([]byte(`{"eventType":"order.created","amount":1,"lines":[{"n":1}],"paid":null,"code":"ABC","ref/~":1,"tags":{"a":1}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if _, err := pipeline.DecodeType(payload); err != nil {
			return
		}
		for eventType := range set.types {
			pointer, keyword, known, _ := set.Check(eventType, payload)
			if !known || keyword == "" && pointer != "" || pointer != "" && pointer[0] != '/' {
				t.Errorf("%s: %q at %q, %t", eventType, keyword, pointer, known)
			}
			if again, same, _, _ := set.Check(eventType, payload); again != pointer || same != keyword {
				t.Errorf("%s: %q at %q, then %q at %q", eventType, keyword, pointer, same, again)
			}
		}
	})
}
