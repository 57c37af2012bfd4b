package tty

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadable_EndsTheLastLineAndEscapesControlCharacters(t *testing.T) {
	for text, want := range map[string]string{
		"{}": "{}\n", "{}\n": "{}\n", "": "", "a\x1b\t\nb\r": "a\\u001b\t\nb\\u000d\n",
	} {
		if got := escapeLines(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestBar_ShowsTheRateFromItsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var drawn strings.Builder
		bar := newBar(&drawn, true, 10_000, "replaying")
		time.Sleep(200 * time.Millisecond)
		_ = bar.Add(100)
		if !strings.Contains(drawn.String(), "(100/10000, 500 events/s)") {
			t.Errorf("drew %q", &drawn)
		}
	})
}

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
