package test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A workflow must name an action by its commit, because the action's owner can move a tag to other
// code. An action in this repository needs no commit.
func TestWorkflows_PinActionsByCommit(t *testing.T) {
	files, err := filepath.Glob("../.github/workflows/*.y*ml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found no workflow: %v", err)
	}
	pinned := regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*$`)
	for _, file := range files {
		for _, line := range strings.Split(read(t, file), "\n") {
			_, action, uses := strings.Cut(line, "uses: ")
			own := strings.HasPrefix(action, "./")
			if uses && !own && !pinned.MatchString(action) {
				t.Errorf("%s uses %s: want owner/action@<40 hex digits> # v1.2.3", file, action)
			}
		}
	}
}
