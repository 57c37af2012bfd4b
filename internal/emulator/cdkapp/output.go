package cdkapp

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// tail passes output on by the line, and keeps the lines that give the reason of a failure.
type tail struct {
	out     io.Writer // nil drops the output
	partial []byte
	panics  bool     // lines begins with a panic
	stack   bool     // the stack of the panic began
	more    int      // lines of the panic that were dropped
	lines   []string // the last lines without noise, or those from the first panic on
}

const keptLines = 12

func (t *tail) Write(p []byte) (int, error) {
	t.partial = append(t.partial, p...)
	for {
		end := bytes.IndexByte(t.partial, '\n')
		if end < 0 {
			return len(p), nil
		}
		t.line(t.partial[:end+1])
		t.partial = t.partial[end+1:]
	}
}

// flush ends an incomplete last line.
func (t *tail) flush() {
	if len(t.partial) > 0 {
		t.line(append(t.partial, '\n'))
		t.partial = nil
	}
}

// jsiiRace appears in the output of jsii's runtime for Go when both goroutines that wait
// for Node.js see it end. Successful apps print it now and then; it means nothing.
var jsiiRace = []byte("Runtime process exited abnormally: waitid: no child processes")

func (t *tail) line(line []byte) {
	if rest := bytes.Replace(line, jsiiRace, nil, 1); len(rest) < len(line) {
		if line = rest; len(bytes.TrimSpace(line)) == 0 {
			return
		}
	}
	if t.out != nil {
		_, _ = t.out.Write(line) // progress is optional
	}
	text := strings.TrimRight(string(line), "\r\n")
	t.stack = t.stack || beginsStack(text)
	switch {
	case t.stack || isNoise(text):
		return
	case t.panics && len(t.lines) == keptLines:
		t.more++ // the message of a panic may be long
		return
	case !t.panics && strings.HasPrefix(text, "panic: "):
		t.panics, t.lines = true, nil
	case len(t.lines) == keptLines:
		t.lines = t.lines[1:]
	}
	t.lines = append(t.lines, text)
}

// summary returns the end of an error message.
func (t *tail) summary() string {
	if len(t.lines) == 0 {
		return "\nIt printed nothing; try it alone with: npx aws-cdk synth"
	}
	lines := t.lines
	if t.more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d lines more, see above", t.more))
	}
	return "\n  " + strings.Join(lines, "\n  ") +
		"\nCorrect the app; to try it alone, run: npx aws-cdk synth"
}

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
