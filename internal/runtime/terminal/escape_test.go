package terminal

import "testing"

func TestEscape(t *testing.T) {
	const text = "a\tä\n\x1b[31m\u009b\u202e\x00\U000e0001\r"
	const want = `\u001b[31m\u009b\u202e\u0000\udb40\udc01\u000d`
	if got := Escape(text); got != `a\u0009ä\u000a`+want {
		t.Errorf("Escape: got %q", got)
	}
	if got := EscapeLines(text); got != "a\tä\n"+want {
		t.Errorf("EscapeLines: got %q", got)
	}
}

func TestBlank(t *testing.T) {
	const text = "aä \n\x1b[31m\u202e\x00\xff\ufffdz"
	if got, want := Blank(text), "aä   [31m    z"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
