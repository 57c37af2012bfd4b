package cdkapp

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// minNode is the oldest major version of Node.js that the platform supports.
const minNode = 22

// warnOfNode writes a warning if Node.js on the PATH is older than minNode. The CDK also warns of
// old versions, but it does not know minNode.
func warnOfNode(ctx context.Context, w io.Writer) {
	version, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err == nil && isOldNode(string(version)) {
		// The app runs even if the warning can't be written.
		_, _ = fmt.Fprintf(w, "Warning: Node.js must be version %d or newer, got %s; "+
			"install it from https://nodejs.org\n", minNode, strings.TrimSpace(string(version)))
	}
}

// isOldNode reports whether a version such as v18.20.4 is older than minNode. It returns false for
// a version that it can't read.
func isOldNode(version string) bool {
	major, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(version), "v"), ".")
	number, err := strconv.Atoi(major)
	return err == nil && number < minNode
}
