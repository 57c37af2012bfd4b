package activity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// hiddenDetails lists the details that Print leaves out. Most of them are useful only in
// CloudWatch. The stack of a panic is too long for one line.
var hiddenDetails = []string{
	"stack", "requestId", "traceId", "messageId", "_aws",
	contract.FunctionDimension, contract.PipelineDimension, contract.MetricAccepted,
}

// Colours of the terminal, as ANSI escape sequences.
const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	faint  = "\x1b[2m"
	reset  = "\x1b[0m"
)

// Style configures Print.
type Style struct {
	Colour bool
	Source bool // also print the source of steps that have an event id
}

// Print writes a step as a readable line: time, name, event id, event type and details. If the step
// has output of a tool, the output follows on separate lines.
func Print(w io.Writer, s Step, style Style) error {
	paint := func(code, text string) string {
		if !style.Colour || text == "" {
			return text
		}
		return code + text + reset
	}
	var line bytes.Buffer
	fmt.Fprintf(&line, "%s  %s", paint(faint, s.Time.Local().Format("15:04:05.000")),
		paint(s.colour(), fmt.Sprintf("%-17s", oneLine(s.Name))))
	if s.EventID != "" {
		fmt.Fprintf(&line, "  %-36s  %-12s", oneLine(s.EventID), oneLine(s.EventType))
	}
	for _, d := range s.Details {
		value := formatValue(d.Value)
		if slices.Contains(hiddenDetails, d.Name) || slices.Contains(emptyValues, value) {
			continue
		}
		fmt.Fprintf(&line, "  %s%s", paint(faint, oneLine(d.Name)+"="), oneLine(value))
	}
	if (s.EventID == "" || style.Source) && s.Source != "" {
		fmt.Fprintf(&line, "  %s%s", paint(faint, "in="), oneLine(s.Source))
	}
	text := strings.TrimRight(line.String(), " ") + "\n"
	for output := range strings.Lines(s.Output) {
		text += "    " + oneLine(strings.TrimRight(output, "\r\n")) + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// emptyValues lists the values that Print leaves out.
var emptyValues = []string{"", "null", "[]", "{}"}

// longFraction matches numbers with more than three decimals.
var longFraction = regexp.MustCompile(`^-?[0-9]+\.[0-9]{4,}$`)

// formatValue returns the text of a value. It rounds a number to three decimals, except numbers
// between -0.001 and 0.001.
func formatValue(value json.RawMessage) string {
	number, err := strconv.ParseFloat(string(value), 64)
	if err != nil || !longFraction.Match(value) || math.Abs(number) < 0.001 {
		return stringValue(value)
	}
	return strconv.FormatFloat(math.Round(number*1000)/1000, 'f', -1, 64)
}

func (s Step) colour() string {
	switch {
	case s.Level >= slog.LevelError:
		return red
	case s.Level >= slog.LevelWarn:
		return yellow
	}
	return green
}

// lineSpace replaces line breaks and tabs with spaces.
var lineSpace = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", "  ")

// oneLine returns the text as one line that is safe to show on a terminal.
func oneLine(text string) string { return terminal.Escape(lineSpace.Replace(text)) }

// PrintJSON writes a step as a line of JSON: time, step, eventId, eventType, source, level, output
// and the details. If several fields have the same name, it writes only the first.
func PrintJSON(w io.Writer, s Step) error {
	var fields []string
	seen := map[string]bool{}
	add := func(name string, value any, show bool) {
		data, err := json.Marshal(map[string]any{name: value})
		if err == nil && show && !seen[name] {
			fields = append(fields, string(data[1:len(data)-1]))
		}
		seen[name] = true
	}
	add("time", s.Time.UTC().Format(time.RFC3339Nano), true)
	add("step", s.Name, true)
	add("eventId", s.EventID, s.EventID != "")
	add("eventType", s.EventType, s.EventID != "")
	add("source", s.Source, s.Source != "")
	add("level", strings.ToLower(s.Level.String()), true)
	add("output", s.Output, s.Output != "")
	for _, d := range s.Details {
		add(d.Name, d.Value, true)
	}
	_, err := fmt.Fprintf(w, "{%s}\n", strings.Join(fields, ","))
	return err
}
