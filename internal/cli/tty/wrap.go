package tty

import (
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Wrap returns a writer that breaks long lines between words if w is a terminal. Each Write must
// contain whole lines.
func Wrap(w io.Writer) io.Writer {
	if !IsTerminal(w) {
		return w
	}
	return wrapper{w.(*os.File)}
}

type wrapper struct{ file *os.File }

func (w wrapper) Write(p []byte) (int, error) {
	width, _, err := term.GetSize(int(w.file.Fd()))
	if err != nil {
		width = 80
	}
	_, err = w.file.WriteString(wrapLines(string(p), width))
	return len(p), err
}

// wrapIndent is the indentation of continued lines.
const wrapIndent = "    "

// colour matches an ANSI escape sequence that sets a colour.
var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// word matches a word with the spaces before it.
var word = regexp.MustCompile(` *[^ ]+`)

// wrapLines breaks lines that have more than width characters. It never breaks a word.
func wrapLines(text string, width int) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		column := 0
		for _, part := range word.FindAllString(strings.TrimSuffix(line, "\n"), -1) {
			size := utf8.RuneCountInString(colour.ReplaceAllString(part, ""))
			if column > len(wrapIndent) && column+size > width {
				part = wrapIndent + strings.TrimLeft(part, " ")
				size = utf8.RuneCountInString(colour.ReplaceAllString(part, ""))
				out.WriteByte('\n')
				column = 0
			}
			out.WriteString(part)
			column += size
		}
		if strings.HasSuffix(line, "\n") {
			out.WriteByte('\n')
		}
	}
	return out.String()
}
