package console

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// escape escapes characters that are not printable, such as control characters.
// html/template escapes the rest.
func escape(text string) string { return terminal.Escape(strings.ToValidUTF8(text, "\ufffd")) }

// toSentence returns the text of an error with an upper-case first letter and a full stop.
func toSentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

func withView(ctx context.Context, v *view) context.Context {
	return context.WithValue(ctx, viewKey{}, v)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := slices.Sorted(maps.Keys(m))
	return slices.DeleteFunc(keys, func(key string) bool { return key == "" })
}

func elementPointer(index int) string { return "/" + strconv.Itoa(index) }

// formatDuration formats a duration with about three digits.
func formatDuration(d time.Duration) string {
	switch {
	case d < 0:
		return "–"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return formatAge(d)
}

// formatMillis formats milliseconds; a negative number means that the time is not known.
func formatMillis(ms int64) string { return formatDuration(time.Duration(ms) * time.Millisecond) }

// formatAge formats a duration with its two largest units.
func formatAge(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours()/24), int(d.Hours())%24)
}

// formatCount formats a number with a thin space between groups of three digits.
func formatCount(n int) string {
	digits := strconv.Itoa(n)
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteString("\u2009")
		}
		b.WriteRune(digit)
	}
	return b.String()
}

func formatBytes(n int) string {
	switch {
	case n < 1<<10:
		return strconv.Itoa(n) + " bytes"
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// formatRate formats a number of events per second.
func formatRate(perSecond float64) string {
	switch {
	case perSecond < 0: // unknown
		return "–"
	case perSecond == 0:
		return "0/s"
	case perSecond < 10:
		return fmt.Sprintf("%.1f/s", math.Max(perSecond, 0.1))
	}
	return formatCount(int(math.Round(perSecond))) + "/s"
}

// quantity returns the number with the noun, such as "1 event" or "2 events".
func quantity(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return formatCount(n) + " " + noun + "s"
}
