package cdkapp

import "strings"

// excerptLines bounds the lines that are shown of a failed build.
const excerptLines = 40

// Excerpt returns the part of a failed app's output that gives the reason: compiler errors, or the
// message of a panic without its stack.
func Excerpt(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		if beginsStack(line) {
			break
		}
		if isNoise(line) {
			continue
		}
		lines = append(lines, line)
	}
	if len(lines) > excerptLines {
		lines = append(lines[:excerptLines], "…")
	}
	return strings.Join(lines, "\n")
}

func beginsStack(line string) bool { return strings.HasPrefix(line, "goroutine ") }

// isNoise reports whether a line only says that a build failed. The compiler error gives the
// reason.
func isNoise(line string) bool {
	return line == "" || strings.HasPrefix(line, "Bundling asset ") ||
		strings.Contains(line, "Failed to bundle asset ")
}
