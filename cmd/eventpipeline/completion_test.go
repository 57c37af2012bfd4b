package main

import (
	"strings"
	"testing"
)

func TestCompletion_CompletesIDsTypesAndStatuses(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	batch := d.acceptBatch(t, `{"eventType":"demo"}`, `{"eventType":"demo"}`)
	failed := d.accept(t, `{"eventType":"demo","n":1e999}`)[0]
	d.process(t)
	for want, args := range map[string][]string{
		id:                                    {"status", "--aws", d.url, ""},
		"demo":                                {"events", "--aws", d.url, "--type", ""},
		"FAILED":                              {"dlq", "list", "--aws", d.url, "--status", ""},
		batch:                                 {"record", "--aws", d.url, ""},
		":4\n":                                {"logs", "--aws", d.url, ""},
		failed + "\tunprocessable-number\n:4": {"dlq", "redrive", "--aws", d.url, ""},
		"worker-crashed\n":                    {"dlq", "list", "--code", ""},
		"version":                             {"vers"},
	} {
		code, out, errOut := runMain(t, append([]string{"__complete"}, args...)...)
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("%v: exit code %d, printed %q, %q; want %q", args, code, out, errOut, want)
		}
	}
}
