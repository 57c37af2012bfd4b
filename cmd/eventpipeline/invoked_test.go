package main

import "testing"

func TestInvokedBy_IsWhatGoWasTold(t *testing.T) {
	for _, test := range []struct {
		parent string
		args   []string
		want   string
	}{
		{"go run ./cmd/eventpipeline send --count 10", []string{"send", "--count", "10"}, "go run ./cmd/eventpipeline"},
		{"/usr/local/go/bin/go tool eventpipeline send -", []string{"send", "-"}, "/usr/local/go/bin/go tool eventpipeline"},
		{"go run example.org/x/cmd/eventpipeline@v1.2.3 send a b.json", []string{"send", "a b.json"}, "go run example.org/x/cmd/eventpipeline@v1.2.3"},
		{"go run ./cmd/eventpipeline status", []string{"send", "--count", "10"}, "eventpipeline"},
		{"go run -ldflags -s -w ./cmd/eventpipeline send", []string{"send"}, "eventpipeline"}, // its quotes are lost
		{"go test ./... send", []string{"send"}, "eventpipeline"},
		{"bash", []string{"send"}, "eventpipeline"},
		{"", nil, "eventpipeline"},
	} {
		if got := invokedBy(test.parent, test.args); got != test.want {
			t.Errorf("%q with %q: got %q, want %q", test.parent, test.args, got, test.want)
		}
	}
}
