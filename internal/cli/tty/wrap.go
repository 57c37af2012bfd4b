package tty

import (
	"bytes"
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
	_, err := w.file.WriteString(wrapLines(string(p), Width(w), wrapIndent))
	return len(p), err
}

// DefaultWidth is the width of lines that are not written to a terminal, in characters.
const DefaultWidth = 80

// Width returns the width of a terminal in characters. w can be a writer that Wrap returned. If w
// is not a terminal, Width returns DefaultWidth.
func Width(w io.Writer) int {
	if wrapped, ok := w.(wrapper); ok {
		w = wrapped.file
	}
	if file, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return DefaultWidth
}

// wrapIndent returns the indentation of a line that continues the previous line.
func wrapIndent(string) string { return "    " }

// firstColumn matches the first column of a row, and the spaces after this column.
var firstColumn = regexp.MustCompile(`^ *[^ ]+( [^ ]+)*  +`)

// tableIndent returns a func that returns the indentation of a row's second column, as spaces. The
// func returns four spaces if this column does not exist, or begins in the right half of the table.
func tableIndent(width int) func(row string) string {
	return func(row string) string {
		if n := utf8.RuneCountInString(firstColumn.FindString(row)); n > 0 && n <= width/2 {
			return strings.Repeat(" ", n)
		}
		return wrapIndent(row)
	}
}

// Fit wraps the text of a help page at width characters. It joins the lines of a paragraph before
// it wraps them. It wraps each indented line, such as an example, on its own.
func Fit(text string, width int) string {
	var out, paragraph strings.Builder
	for line := range strings.Lines(text + "\n") {
		line = strings.TrimSuffix(line, "\n")
		if line != "" && !strings.HasPrefix(line, " ") && !strings.HasSuffix(line, ":") {
			paragraph.WriteString(line + " ")
			continue
		}
		if paragraph.Len() > 0 {
			filled := strings.TrimSuffix(paragraph.String(), " ") + "\n"
			out.WriteString(wrapLines(filled, width, func(string) string { return "" }))
			paragraph.Reset()
		}
		out.WriteString(wrapLines(line+"\n", width, tableIndent(width)))
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// rowWriter wraps the rows of a table. It buffers the last line until the line is complete.
type rowWriter struct {
	file *os.File
	line []byte
}

func (w *rowWriter) Write(p []byte) (int, error) {
	w.line = append(w.line, p...)
	end := bytes.LastIndexByte(w.line, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	width := Width(w.file)
	_, err := w.file.WriteString(wrapLines(string(w.line[:end]), width, tableIndent(width)))
	w.line = w.line[end:]
	return len(p), err
}

// colour matches an ANSI escape sequence that sets a colour.
var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// word matches a word with the spaces before it.
var word = regexp.MustCompile(` *[^ ]+`)

// wrapLines breaks lines that have more than width characters, but never within a word. After a
// break, the new line begins with the spaces that indentOf returns.
func wrapLines(text string, width int, indentOf func(line string) string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		column, indent := 0, indentOf(line)
		for _, part := range word.FindAllString(strings.TrimSuffix(line, "\n"), -1) {
			size := utf8.RuneCountInString(colour.ReplaceAllString(part, ""))
			if column > len(indent) && column+size > width {
				part = indent + strings.TrimLeft(part, " ")
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
