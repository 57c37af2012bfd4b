package handler

import "testing"

func TestPrefersLenient(t *testing.T) {
	for _, prefer := range []string{
		"handling=lenient",
		"Handling = Lenient",
		`handling="lenient"`,
		"respond-async, handling=lenient; wait=1",
		"handling=lenient, handling=strict",
		`a="b;c\"d,", handling=lenient`,
	} {
		if !prefersLenient(prefer) {
			t.Errorf("%s: got strict, want lenient", prefer)
		}
	}
	for _, prefer := range []string{
		"",
		"handling",
		"handling=strict, handling=lenient",
		"return=minimal; handling=lenient",
		"handling='lenient'",
		`handling="lenient`,
		`handling=lenient"`,
		`handling="lenient;a"`,
		`a="b, handling=lenient"`,
		`a="b\", handling=lenient"`,
	} {
		if prefersLenient(prefer) {
			t.Errorf("%s: got lenient, want strict", prefer)
		}
	}
}
