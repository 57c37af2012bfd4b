package resources

import (
	"encoding/json"
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
