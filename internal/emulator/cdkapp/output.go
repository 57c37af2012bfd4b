package cdkapp

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// tail copies output line by line to out. It keeps the lines that explain a failure.
type tail struct {
	out     io.Writer // nil discards the output
	partial []byte    // the current line, which is incomplete
	panics  bool      // whether the message of a panic has begun
	stack   bool      // whether the stack trace of the panic has begun
	more    int       // number of lines that were dropped from the panic's message
	lines   []string  // the panic's message, or the last lines without noise if there is no panic
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

// flush handles the last line if the output does not end with a newline.
func (t *tail) flush() {
	if len(t.partial) > 0 {
		t.line(append(t.partial, '\n'))
		t.partial = nil
	}
}

// jsiiRace is a harmless message that tail removes. jsii's runtime for Go prints it when two
// goroutines wait for the end of the Node.js process.
var jsiiRace = []byte("Runtime process exited abnormally: waitid: no child processes")

func (t *tail) line(line []byte) {
	if rest := bytes.Replace(line, jsiiRace, nil, 1); len(rest) < len(line) {
		if line = rest; len(bytes.TrimSpace(line)) == 0 {
			return
		}
	}
	if t.out != nil {
		_, _ = t.out.Write(line) // a write error must not stop the app
	}
	text := strings.TrimRight(string(line), "\r\n")
	t.stack = t.stack || beginsStack(text)
	switch {
	case t.stack || isNoise(text):
		return
	case t.panics && len(t.lines) == keptLines:
		t.more++ // the message of a panic can be long
		return
	case !t.panics && strings.HasPrefix(text, "panic: "):
		t.panics, t.lines = true, nil
	case len(t.lines) == keptLines:
		t.lines = t.lines[1:]
	}
	t.lines = append(t.lines, text)
}

// summary returns the last part of an error message: why the app failed, and what to do.
func (t *tail) summary() string {
	if len(t.lines) == 0 {
		return "\nThe app printed nothing. To run only the app, use: npx aws-cdk synth"
	}
	lines := t.lines
	if t.more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more lines, see above", t.more))
	}
	return "\n  " + strings.Join(lines, "\n  ") +
		"\nCorrect the app. To run only the app, use: npx aws-cdk synth"
}

// excerptLines limits the number of lines that Excerpt returns.
const excerptLines = 40

// Excerpt returns the part of a failed app's output that explains the failure: compiler errors, or
// a panic's message without the stack trace.
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

// isNoise reports whether a line is empty, or says only that a build started or failed. Such a line
// does not explain the failure.
func isNoise(line string) bool {
	return line == "" || strings.HasPrefix(line, "Bundling asset ") ||
		strings.Contains(line, "Failed to bundle asset ")
}
