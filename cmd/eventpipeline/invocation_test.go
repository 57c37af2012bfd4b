package main

import (
	"path/filepath"
	"runtime/debug"
	"testing"
)

func TestInvocation_IsACommandThatCanBePasted(t *testing.T) {
	const path = "github.com/event-driven-cloud-platform/eventpipeline/cmd/eventpipeline"
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	for _, test := range []struct {
		executable, version, dir, want string
	}{
		{"/usr/local/bin/eventpipeline", "v1.2.3", root, "./eventpipeline"},
		{"/tmp/go-build1/b001/exe/eventpipeline", "(devel)", root, "go run ./cmd/eventpipeline"},
		{"/tmp/go-build1/b001/exe/eventpipeline", "(devel)", elsewhere, "go run " + path},
		{"/cache/go-build/9f/0a-d/eventpipeline", "v1.2.3", elsewhere, "go tool eventpipeline"},
	} {
		t.Chdir(test.dir)
		info := &debug.BuildInfo{Path: path, Main: debug.Module{Version: test.version}}
		if got := invocationOf("./eventpipeline", test.executable, info); got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}

func TestSuggestCommand_SkipsEmptyWords(t *testing.T) {
	got := suggestCommand("status", "", "--api http://a", "id")
	if want := "eventpipeline status --api http://a id"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
