package badinput

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Event draws an event that the platform must accept. The event has random members, values and
// white space, and can contain any Unicode character. Some of its escape sequences are not
// necessary.
func Event(t *rapid.T) string {
	w := writer{t: t, budget: 60}
	eventType := rapid.StringMatching(`[A-Za-z][A-Za-z0-9._-]{0,63}`).Draw(t, "eventType")
	w.space()
	w.object(1, `"`+eventType+`"`)
	w.space()
	return w.String()
}

type writer struct {
	strings.Builder
	t      *rapid.T
	budget int // remaining values
}

func (w *writer) space() {
	spaces := []string{"", "", "", " ", "\n", "\t", "\r\n", " \t\r\n  "}
	w.WriteString(rapid.SampledFrom(spaces).Draw(w.t, "space"))
}

// object writes an object with random members. If the parameter eventType is not "", the object
// also has the member "eventType" with this JSON value.
func (w *writer) object(depth int, eventType string) {
	n := rapid.IntRange(0, 5).Draw(w.t, "members")
	typeAt := rapid.IntRange(0, n).Draw(w.t, "typeAt")
	keys := []string{"eventType"} // already used
	w.WriteByte('{')
	first := true
	separate := func() {
		if !first {
			w.WriteByte(',')
		}
		first = false
		w.space()
	}
	for i := range n + 1 {
		if i == typeAt && eventType != "" {
			separate()
			w.WriteString(`"eventType"`)
			w.colon()
			w.WriteString(eventType)
			w.space()
		}
		if key := w.draw("key"); i < n && !slices.Contains(keys, key) {
			keys = append(keys, key)
			separate()
			w.quote(key)
			w.colon()
			w.value(depth + 1)
			w.space()
		}
	}
	w.WriteByte('}')
}

func (w *writer) colon() {
	w.space()
	w.WriteByte(':')
	w.space()
}

func (w *writer) array(depth int) {
	w.WriteByte('[')
	w.space()
	for i := range rapid.IntRange(0, 5).Draw(w.t, "elements") {
		if i > 0 {
			w.WriteByte(',')
			w.space()
		}
		w.value(depth + 1)
		w.space()
	}
	w.WriteByte(']')
}

// maxDepth equals the platform's limit of nesting levels.
const maxDepth = 64

func (w *writer) value(depth int) {
	w.budget--
	kinds := 3
	if depth <= maxDepth && w.budget > 0 {
		kinds = 5
	}
	switch rapid.IntRange(1, kinds).Draw(w.t, "kind") {
	case 1:
		w.WriteString(rapid.SampledFrom([]string{"true", "false", "null"}).Draw(w.t, "literal"))
	case 2:
		const number = `-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?`
		w.WriteString(rapid.StringMatching(number).Draw(w.t, "number"))
	case 3:
		w.quote(w.draw("text"))
	case 4:
		w.array(depth)
	case 5:
		w.object(depth, "")
	}
}

// character draws any Unicode character. It often draws one that breaks parsers or terminals.
var character = rapid.OneOf(
	rapid.RuneFrom([]rune("\x00\x1b\x7f\"\\/\n\r\t\u0085\u2028\u2029\ufeff\ufffd\ufffe\uffff"+
		"\U0001f600\U0010ffff<>&'${}")),
	rapid.Int32Range(' ', '~'),
	rapid.Int32Range(0, utf8.MaxRune).Filter(utf8.ValidRune),
)

func (w *writer) draw(label string) string {
	return string(rapid.SliceOfN(character, 0, 12).Draw(w.t, label))
}

// quote writes text as a JSON string. It escapes some characters without need.
func (w *writer) quote(text string) {
	w.WriteByte('"')
	for _, r := range text {
		must := r < ' ' || r == '"' || r == '\\'
		switch short := strings.IndexRune("\"\\/\b\f\n\r\t", r); {
		case !must && rapid.IntRange(0, 3).Draw(w.t, "raw") > 0:
			w.WriteRune(r)
		case short >= 0 && rapid.Bool().Draw(w.t, "short"):
			w.WriteString(`\` + string(`"\/bfnrt`[short]))
		default:
			w.escape(r)
		}
	}
	w.WriteByte('"')
}

func (w *writer) escape(r rune) {
	format := rapid.SampledFrom([]string{`\u%04x`, `\u%04X`}).Draw(w.t, "hex")
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		fmt.Fprintf(w, format+format, high, low)
		return
	}
	fmt.Fprintf(w, format, r)
}
