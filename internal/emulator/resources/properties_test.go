package resources

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

func TestDecode_AcceptsNumbersAndFlagsAsStrings(t *testing.T) {
	var in struct {
		A, B   number
		C, D   flag
		E, F   document
		Absent number
	}
	err := decode(
		map[string]any{
			"A": json.Number("30"),
			"B": "1.5",
			"C": true,
			"D": "false",
			"E": map[string]any{"x": 1},
			"F": `{"x":2}`,
		},
		&in,
	)
	if err != nil {
		t.Fatal(err)
	}
	if in.A.seconds() != 30*time.Second || in.B.seconds() != 1500*time.Millisecond || !in.C ||
		in.D ||
		in.Absent != 0 {
		t.Errorf("got %+v", in)
	}
	if string(in.E) != `{"x":1}` || string(in.F) != `{"x":2}` {
		t.Errorf("documents %s and %s", in.E, in.F)
	}
}

func TestDecode_RejectsInvalidNumber(t *testing.T) {
	var in struct{ A number }
	if err := decode(map[string]any{"A": "many"}, &in); err == nil {
		t.Errorf("got %v", in)
	}
}

func TestDecode_AcceptsNumbersAndFlagsForStrings(t *testing.T) {
	var in struct {
		A, B, C string
		List    []string
		Map     map[string]string
	}
	err := decode(map[string]any{
		"A": json.Number("30"), "B": true, "C": "text",
		"List": []any{json.Number("1"), "two"},
		"Map":  map[string]any{"a": false, "b": json.Number("1.50"), "c": "x"},
	}, &in)
	if got, want := fmt.Sprint(in), "{30 true text [1 two] map[a:false b:1.50 c:x]}"; err != nil ||
		got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if err := decode(map[string]any{"A": []any{}}, &in); err == nil {
		t.Error("a list was accepted for a string")
	}
}
