// Package terminal makes untrusted text safe to show on a terminal, and defines colours.
package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape replaces each unprintable character with its JSON escape, such as \u001b. A terminal could
// interpret the character as a command. JSON text remains JSON with the same value.
func Escape(text string) string { return escape(text, "") }

// EscapeLines escapes like Escape, but keeps line breaks and tabs.
func EscapeLines(text string) string { return escape(text, "\n\t") }

func escape(text, keep string) string {
	var b strings.Builder
	for _, r := range text {
		switch high, low := utf16.EncodeRune(r); {
		case unicode.IsPrint(r) || strings.ContainsRune(keep, r):
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Blank replaces each unprintable or invalid character with a space.
func Blank(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
