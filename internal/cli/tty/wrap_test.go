package tty

import "testing"

func TestWrapLines_BreaksBetweenWords(t *testing.T) {
	for text, want := range map[string]string{
		"12:00  done\n":                "12:00  done\n",
		"12:00  processed  id=1\nx\n":  "12:00\n    processed\n    id=1\nx\n",
		"one \x1b[31mtwo\x1b[0m six\n": "one \x1b[31mtwo\x1b[0m six\n",
		"a-word-that-is-too-long ok":   "a-word-that-is-too-long\n    ok",
		"\n":                           "\n",
	} {
		if got := wrapLines(text, 14); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
