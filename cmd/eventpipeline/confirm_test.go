package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAsk_WantsAYes(t *testing.T) {
	for answer, want := range map[string]error{
		"y\n": nil, " YES \r\n": nil, "\n": errDeclined, "n\n": errDeclined, "yess\n": errDeclined, "y": errDeclined, "": errDeclined,
	} {
		if got := ask(t.Context(), strings.NewReader(answer), io.Discard, "Go on?"); got != want {
			t.Errorf("%q: %v, want %v", answer, got, want)
		}
	}
}

func TestAsk_EndsWhenItIsStopped(t *testing.T) {
	silent, _ := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := ask(ctx, silent, io.Discard, "Really?"); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}
