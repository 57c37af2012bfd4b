package tty

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// Colours of JSON.
const (
	nameColour   = terminal.Blue
	stringColour = terminal.Green
	otherColour  = terminal.Yellow
	reset        = terminal.ResetColour
)

// WriteJSON indents a JSON value or lines of JSON, and escapes control characters. It does not
// indent other content.
func WriteJSON(w io.Writer, content []byte, colours bool) error {
	values := slices.Collect(bytes.Lines(content))
	if json.Valid(content) {
		values = [][]byte{content}
	}
	var text strings.Builder
	for _, value := range values {
		var indented bytes.Buffer
		if json.Indent(&indented, bytes.TrimSpace(value), "", "  ") != nil {
			_, err := io.WriteString(w, escapeLines(string(content)))
			return err
		}
		escaped := terminal.EscapeLines(indented.String())
		if colours {
			escaped = colourJSON(escaped)
		}
		text.WriteString(escaped)
		text.WriteString("\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// colourJSON colours the names and values of indented JSON.
func colourJSON(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		body := strings.TrimLeft(line, " ")
		out.WriteString(line[:len(line)-len(body)])
		if end := stringEnd(body); end > 0 && strings.HasPrefix(body[end:], ": ") {
			out.WriteString(nameColour + body[:end] + reset + ": ")
			body = body[end+2:]
		}
		value := strings.TrimRight(body, ",\n")
		switch {
		case value == "" || strings.ContainsAny(value[:1], "{}[]"):
			out.WriteString(body)
			continue
		case value[0] == '"':
			out.WriteString(stringColour + value)
		default:
			out.WriteString(otherColour + value)
		}
		out.WriteString(reset + body[len(value):])
	}
	return out.String()
}

// stringEnd returns the length of the JSON string at the start of the text, or 0.
func stringEnd(text string) int {
	if !strings.HasPrefix(text, `"`) {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}
