package assembly

import "strings"

// excerptLines is how many lines of a failed build are worth showing.
const excerptLines = 40

// Excerpt is what of the output of an app that failed says why: compilers' errors, and a panic's message without its
// stack.
func Excerpt(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "goroutine ") {
			break
		}
		if line == "" || strings.HasPrefix(line, "Bundling asset ") || strings.Contains(line, "Failed to bundle asset ") {
			continue // the compiler's error, which is there as well, says more
		}
		lines = append(lines, line)
	}
	if len(lines) > excerptLines {
		lines = append(lines[:excerptLines], "…")
	}
	return strings.Join(lines, "\n")
}
