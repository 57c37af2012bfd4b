package tty

import (
	"regexp"
	"strings"
	"testing"
)

func TestWriteJSON_IndentsEachLine(t *testing.T) {
	for content, want := range map[string]string{
		`{"a":[1,{}],"b":"x\"y: ,"}` + "\n": "{\n  \"a\": [\n    1,\n    {}\n  ],\n" +
			"  \"b\": \"x\\\"y: ,\"\n}\n",
		"{}\n[]\n":           "{}\n[]\n",
		"not JSON":           "not JSON\n",
		"{\r\n \"a\" : 1}":   "{\n  \"a\": 1\n}\n",
		"{\"a\":\"\u202e\"}": "{\n  \"a\": \"\\u202e\"\n}\n",
	} {
		var plain, coloured strings.Builder
		if WriteJSON(&plain, []byte(content), false) != nil ||
			WriteJSON(&coloured, []byte(content), true) != nil {
			t.Fatal("not written")
		}
		if plain.String() != want {
			t.Errorf("%q: wrote %q, want %q", content, &plain, want)
		}
		uncoloured := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(coloured.String(), "")
		if uncoloured != want {
			t.Errorf("%q: coloured %q", content, &coloured)
		}
	}
}

func TestWriteJSON_ColoursNamesAndValues(t *testing.T) {
	var out strings.Builder
	if err := WriteJSON(&out, []byte(`{"a":"b","c":1}`), true); err != nil {
		t.Fatal(err)
	}
	want := "{\n  " + nameColour + `"a"` + reset + ": " + stringColour + `"b"` + reset + ",\n  " +
		nameColour + `"c"` + reset + ": " + otherColour + "1" + reset + "\n}\n"
	if out.String() != want {
		t.Errorf("wrote %q, want %q", &out, want)
	}
}
