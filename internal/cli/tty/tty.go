// Package tty prints to terminals, and asks on them.
package tty

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// Is reports whether a stream is a terminal.
func Is(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// ShowsColours reports whether w is a terminal that shows colours (https://no-color.org).
func ShowsColours(w io.Writer) bool {
	return Is(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// Write writes content byte for byte, unless w is a terminal: then it escapes control characters
// and ends the last line.
func Write(w io.Writer, content []byte) error {
	if Is(w) {
		content = []byte(readable(string(content)))
	}
	_, err := w.Write(content)
	return err
}

func readable(text string) string {
	text = terminal.EscapeLines(text)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}
