package activity

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// hiddenDetails lists the details that Print leaves out: details that are useful only in
// CloudWatch, and the stack of a panic.
var hiddenDetails = []string{
	contract.FieldStack, contract.FieldRequestID, contract.FieldTraceID, contract.FieldMessageID,
	contract.FieldMetrics,
	contract.FunctionDimension, contract.PipelineDimension, contract.MetricAccepted,
	contract.MetricRefusedSignatures,
}

// Style configures Print.
type Style struct {
	Colour bool
	Source bool // also print the source of steps that have an event id
}

// Print writes a step as a readable line: time, name, event id, event type and details. If
// Step.Output is set, the output follows on separate lines.
func Print(w io.Writer, s Step, style Style) error {
	line := make([]byte, 0, 256)
	paint := func(code, text string) {
		if !style.Colour || text == "" {
			code = ""
		}
		line = append(append(line, code...), text...)
		if code != "" {
			line = append(line, terminal.ResetColour...)
		}
	}
	var clock [16]byte
	paint(terminal.Faint, string(s.Time.Local().AppendFormat(clock[:0], "15:04:05.000")))
	line = append(line, "  "...)
	paint(s.colour(), pad(oneLine(s.Name), 17))
	if s.EventID != "" {
		line = append(append(line, "  "...), pad(oneLine(s.EventID), 36)...)
		line = append(append(line, "  "...), pad(oneLine(s.EventType), 12)...)
	}
	for _, d := range s.Details {
		if slices.Contains(hiddenDetails, d.Name) {
			continue
		}
		if value := formatValue(d.Value); !slices.Contains(emptyValues, value) {
			line = append(line, "  "...)
			paint(terminal.Faint, oneLine(d.Name)+"=")
			line = append(line, oneLine(value)...)
		}
	}
	if (s.EventID == "" || style.Source) && s.Source != "" {
		line = append(line, "  "...)
		paint(terminal.Faint, "in=")
		line = append(line, oneLine(s.Source)...)
	}
	line = append(bytes.TrimRight(line, " "), '\n')
	for output := range strings.Lines(s.Output) {
		line = append(append(line, "    "...), oneLine(strings.TrimRight(output, "\r\n"))...)
		line = append(line, '\n')
	}
	_, err := w.Write(line)
	return err
}

// pad appends spaces to a text that has fewer than width characters.
func pad(text string, width int) string {
	const spaces = "                                        "
	missing := width - utf8.RuneCountInString(text)
	return text + spaces[:max(missing, 0)]
}

// emptyValues lists the values that Print leaves out.
var emptyValues = []string{"", "null", "[]", "{}"}

// longFraction matches numbers with more than three decimals.
var longFraction = regexp.MustCompile(`^-?[0-9]+\.[0-9]{4,}$`)

// formatValue returns the text of a value. It rounds numbers to three decimals, except numbers
// between -0.001 and 0.001.
func formatValue(value json.RawMessage) string {
	if !bytes.Contains(value, []byte(".")) || !longFraction.Match(value) {
		return stringValue(value)
	}
	number, err := strconv.ParseFloat(string(value), 64)
	if err != nil || math.Abs(number) < 0.001 {
		return stringValue(value)
	}
	return strconv.FormatFloat(math.Round(number*1000)/1000, 'f', -1, 64)
}

func (s Step) colour() string {
	switch {
	case s.Level >= slog.LevelError:
		return terminal.Red
	case s.Level >= slog.LevelWarn:
		return terminal.Yellow
	}
	return terminal.Green
}

// lineSpace replaces line breaks and tabs with spaces.
var lineSpace = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", "  ")

// oneLine returns the text as one line that is safe to show on a terminal.
func oneLine(text string) string {
	if isPlain(text) {
		return text
	}
	return terminal.Escape(lineSpace.Replace(text))
}

// PrintJSON writes a step as a line of JSON: time, step, eventId, eventType, source, level, output
// and the details. If several fields have the same name, it writes only the first.
func PrintJSON(w io.Writer, s Step) error {
	line := append(make([]byte, 0, 512), '{')
	var seen [32]string
	names := seen[:0]
	add := func(name string, show bool, appendValue func([]byte) []byte) {
		if show && !slices.Contains(names, name) {
			if len(line) > 1 {
				line = append(line, ',')
			}
			line = appendValue(append(appendString(line, name), ':'))
		}
		names = append(names, name)
	}
	addString := func(name, value string, show bool) {
		add(name, show, func(line []byte) []byte { return appendString(line, value) })
	}
	addString("time", s.Time.UTC().Format(time.RFC3339Nano), true)
	addString("step", s.Name, true)
	addString(contract.FieldEventID, s.EventID, s.EventID != "")
	addString(contract.FieldEventType, s.EventType, s.EventID != "")
	addString("source", s.Source, s.Source != "")
	addString("level", strings.ToLower(s.Level.String()), true)
	addString("output", s.Output, s.Output != "")
	for _, d := range s.Details {
		add(d.Name, true, func(line []byte) []byte { return append(line, d.Value...) })
	}
	_, err := w.Write(append(line, "}\n"...))
	return err
}

// appendString appends the JSON of a text.
func appendString(out []byte, text string) []byte {
	if !isPlain(text) {
		quoted, _ := json.Marshal(text) // cannot fail
		return append(out, quoted...)
	}
	return append(append(append(out, '"'), text...), '"')
}
