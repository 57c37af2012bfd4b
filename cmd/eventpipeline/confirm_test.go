package main

import (
	"io"
	"strings"
	"testing"
)

func TestAsk_WantsAYes(t *testing.T) {
	for answer, want := range map[string]error{
		"y\n": nil, " YES \r\n": nil, "\n": errDeclined, "n\n": errDeclined, "yess\n": errDeclined, "y": errDeclined, "": errDeclined,
	} {
		if got := ask(strings.NewReader(answer), io.Discard, "Go on?"); got != want {
			t.Errorf("%q: %v, want %v", answer, got, want)
		}
	}
}
