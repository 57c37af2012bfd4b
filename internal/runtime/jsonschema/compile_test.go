package jsonschema

import (
	"strings"
	"testing"
)

func TestCompile_NamesFileAndPlaceOfEachError(t *testing.T) {
	one := func(schema string) map[string]string { return map[string]string{"a.json": schema} }
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"wrong value of a keyword": {
			one(`{"properties":{"x":{"type":"strng"}}}`),
			[]string{"a.json#/properties/x/type: ", "'string'"},
		},
		"wrong type of a keyword": {
			one(`{"minimum":"1"}`),
			[]string{"a.json#/minimum: got string, want number"},
		},
		"no schema":   {one(`[]`), []string{"a.json#: got array, want boolean or object"}},
		"bad pattern": {one(`{"items":{"pattern":"(?=x)"}}`), []string{"a.json#/items/pattern: "}},
		"other draft": {
			one(`{"$schema":"http://json-schema.org/draft-07/schema#"}`),
			[]string{"a.json: /$schema", draft, "http://json-schema.org/draft-07/schema#"},
		},
		"custom metaschema": {
			one(`{"$schema":"https://example.com/meta"}`),
			[]string{"a.json: /$schema"},
		},
		"network": {
			one(`{"items":{"$ref":"https://example.com/x.json"}}`),
			[]string{`a.json#/items/$ref: `, `"https://example.com/x.json"`},
		},
		"file": {
			one(`{"$ref":"file:///etc/passwd"}`),
			[]string{`a.json#/$ref: `, `"file:///etc/passwd"`},
		},
		"file outside of the folder": {
			one(`{"$ref":"../../etc/passwd"}`),
			[]string{`a.json#/$ref: `, `"etc/passwd"`},
		},
		"missing file": {one(`{"$ref":"b.json"}`), []string{`a.json#/$ref: `, `"b.json"`}},
		"missing definition": {
			one(`{"items":{"$ref":"#/$defs/x"}}`),
			[]string{`a.json#/items/$ref: `, "#/$defs/x"},
		},
		"missing anchor": {one(`{"anyOf":[{"$ref":"#x"}]}`), []string{`a.json#/anyOf/0/$ref: `}},
		"error in a shared schema": {
			map[string]string{"a.json": `{"$ref":"d/b.json"}`, "d/b.json": `{"type":1}`},
			[]string{"d/b.json#/type: "},
		},
		"invalid event type": {
			map[string]string{"1.json": `true`},
			[]string{`1.json: "1"`, "<eventType>.json"},
		},
		"hidden file": {map[string]string{".json": `true`}, []string{`.json: ""`}},
		"duplicate id": {
			map[string]string{"a.json": `{"$id":"https://x/y"}`, "b.json": `{"$id":"https://x/y"}`},
			[]string{"b.json: /$id: "},
		},
		"several": {
			map[string]string{"a.json": `{"type":1}`, "b.json": `{"type":2}`, "c.json": `true`},
			[]string{"a.json#/type", "b.json#/type"},
		},
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
				t.Errorf("%d errors in %d files: %v", n, len(c.files), err)
			}
		})
	}
}

func TestCompile_ResolvesReferencesByID(t *testing.T) {
	set := compile(t, map[string]string{
		"a.json": `{"$id":"https://example.com/events/a",
			"properties":{"m":{"$ref":"money"}}}`,
		"shared/m.json": `{"$id":"https://example.com/events/money","type":"number"}`,
	})
	pointer, keyword, _, _ := checkFirst(set, "a", `{"m":"x"}`)
	if pointer != "/m" || keyword != "type" {
		t.Errorf("got %q at %q", keyword, pointer)
	}
}
