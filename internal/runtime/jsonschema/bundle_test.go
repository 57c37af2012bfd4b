package jsonschema

import (
	"strings"
	"testing"
)

func TestRead_NamesLineAndColumnOfSyntaxError(t *testing.T) {
	_, err := Read(folder(map[string]string{
		"a.json":     "{\n  \"type\": \"object\",\n  oops\n}",
		"b/c.json":   `{"a":1`,
		"empty.json": "",
	}))
	for _, want := range []string{"a.json:3:3: ", "b/c.json:1:6: ", "empty.json: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestRead_IgnoresByteOrderMark(t *testing.T) {
	bundle, err := Read(folder(map[string]string{"a.json": "\ufeff" + `{"type":"object"}`}))
	if err != nil || string(bundle["a.json"]) != `{"type":"object"}` {
		t.Errorf("got %s, %v", bundle["a.json"], err)
	}
}

func TestRead_RejectsDuplicateKeys(t *testing.T) {
	_, err := Read(folder(map[string]string{
		"a.json": `{"properties":{"cents":{"minimum":0,"minimum":-1}}}`,
		"b.json": `{"properties":{"cents":{"minimum":0},"CENTS":{"minimum":-1}}}`,
	}))
	if err == nil || !strings.Contains(err.Error(), "a.json: ") ||
		!strings.Contains(err.Error(), "minimum") || strings.Contains(err.Error(), "b.json") {
		t.Errorf("got %v, want an error about minimum in a.json", err)
	}
}
