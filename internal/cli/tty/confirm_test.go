package tty

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestConfirm_AcceptsOnlyYes(t *testing.T) {
	for answer, want := range map[string]error{
		"y\n": nil, " YES \r\n": nil,
		"\n": ErrDeclined, "n\n": ErrDeclined, "yess\n": ErrDeclined,
		"y": ErrDeclined, "": ErrDeclined,
	} {
		got := Confirm(t.Context(), strings.NewReader(answer), io.Discard, "Continue?")
		if got != want {
			t.Errorf("%q: %v, want %v", answer, got, want)
		}
	}
}

func TestConfirm_ReturnsWhenCancelled(t *testing.T) {
	silent, _ := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := Confirm(ctx, silent, io.Discard, "Really?"); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}
