package cdkapp

import "strings"

// excerptLines is how many lines of a failed build are worth showing.
const excerptLines = 40

// Excerpt is what of the output of an app that failed says why: compilers' errors, and a panic's message without its
// stack.
func Excerpt(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		if beginsStack(line) {
			break
		}
		if saysLittle(line) {
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

// saysLittle tells whether a line says no more than that a build failed: the compiler's error, which is there as well, does.
func saysLittle(line string) bool {
	return line == "" || strings.HasPrefix(line, "Bundling asset ") || strings.Contains(line, "Failed to bundle asset ")
}
