package main

import (
	"strings"
	"testing"
)

func TestCompletion_CompletesIDsTypesAndStatuses(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	for want, args := range map[string][]string{
		id:        {"status", "--aws", d.url, ""},
		"demo":    {"events", "--aws", d.url, "--type", ""},
		"FAILED":  {"dlq", "list", "--aws", d.url, "--status", ""},
		":4\n":    {"logs", "--aws", d.url, ""},
		"version": {"vers"},
	} {
		code, out, errOut := runMain(t, append([]string{"__complete"}, args...)...)
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("%v: exit code %d, printed %q, %q; want %q", args, code, out, errOut, want)
		}
	}
}
