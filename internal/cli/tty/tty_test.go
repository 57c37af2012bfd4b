package tty

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadable_EndsTheLastLineAndEscapesControlCharacters(t *testing.T) {
	for text, want := range map[string]string{
		"{}": "{}\n", "{}\n": "{}\n", "": "", "a\x1b\t\nb\r": "a\\u001b\t\nb\\u000d\n",
	} {
		if got := readable(text); got != want {
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
