package jsonpointer

import "testing"

func TestNew_EscapesKeys(t *testing.T) {
	if got, want := New("a/~", "", "0"), "/a~1~0//0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := New(); got != "" {
		t.Errorf("the root's pointer is %q, want an empty one", got)
	}
}
