// Package activity records what happens to events in the emulator, step by step. Most steps come
// from the lines that functions log.
package activity

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Step represents something that happened, usually to an event.
type Step struct {
	Time      time.Time
	Name      string // accepted, processed, dead-lettered, …
	EventID   string // "" for a step without an event
	EventType string
	Source    string // function, queue or bus
	Level     slog.Level
	Details   []Detail // other fields, in the order of the log line
	Output    string   // output of a tool, in several lines
}

// Detail represents a named value of a step.
type Detail struct {
	Name  string
	Value json.RawMessage
}

// StringDetail returns a detail whose value is a JSON string.
func StringDetail(name, value string) Detail {
	return Detail{name, appendString(nil, value)}
}

// Detail returns the value of the named detail, or nil if there is none.
func (s Step) Detail(name string) json.RawMessage {
	for _, d := range s.Details {
		if d.Name == name {
			return d.Value
		}
	}
	return nil
}

// changeCounts lists fields of the reconciler's log lines. Each field counts events that a run
// changed. Usually all are 0, and parseLine skips the line.
var changeCounts = []string{
	contract.MetricReenqueued, contract.MetricGivenUp, contract.MetricRepaired,
}

// parseLine converts a log line to a step. It returns false for an empty line. A JSON line becomes
// a step only if one of these conditions is true:
//
//   - It contains an event id.
//   - Its level is at least WARN.
//   - It is about a webhook source.
//   - A field of changeCounts is not 0.
func parseLine(now time.Time, function string, line []byte) (Step, bool) {
	step := Step{Time: now, Source: function}
	fields, ok := parseObject(line)
	if !ok {
		text := strings.TrimSpace(string(line))
		step.Name = Log
		step.Details = []Detail{StringDetail(DetailLine, text)}
		return step, text != ""
	}
	for _, f := range fields {
		switch f.Name {
		case slog.TimeKey:
			if t, err := time.Parse(time.RFC3339Nano, stringValue(f.Value)); err == nil {
				step.Time = t
			}
		case slog.LevelKey:
			// The step keeps the level INFO if the line's level is unknown.
			_ = step.Level.UnmarshalText([]byte(stringValue(f.Value)))
		case slog.MessageKey:
			step.Name = strings.TrimPrefix(stringValue(f.Value), "event ")
		case contract.FieldEventID:
			step.EventID = stringValue(f.Value)
		case contract.FieldEventType:
			step.EventType = stringValue(f.Value)
		default:
			step.Details = append(step.Details, f)
		}
	}
	show := step.EventID != "" || step.Level >= slog.LevelWarn ||
		slices.ContainsFunc(step.Details, countsChange) || isWebhook(step)
	return step, show
}

// ParseLogLine returns the step of a line that a function logged at the given time.
func ParseLogLine(at time.Time, function, line string) Step {
	step, _ := parseLine(at, function, []byte(line))
	return step
}

func countsChange(d Detail) bool {
	return slices.Contains(changeCounts, d.Name) && string(d.Value) != "0"
}

// isWebhook reports whether the step is about a request to a webhook source. parseLine keeps such a
// step: only the sender sees the response, so the developer needs the step.
func isWebhook(step Step) bool {
	source := step.Detail(contract.SourceDimension)
	return len(source) > 0 && string(source) != `""`
}

// parseObject returns the fields of a JSON object in the object's order. The values share memory
// with the parameter line.
func parseObject(line []byte) ([]Detail, bool) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(line),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return nil, false
	}
	fields := make([]Detail, 0, 16) // enough for most lines
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadToken()
		if err != nil {
			return nil, false
		}
		field := Detail{Name: name.String()}
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, false
		}
		end := int(decoder.InputOffset())
		field.Value = json.RawMessage(line[end-len(value) : end : end])
		fields = append(fields, field)
	}
	_, err := decoder.ReadToken()
	return fields, err == nil
}

// stringValue returns the text of a JSON string. For any other JSON value, it returns the JSON.
func stringValue(value json.RawMessage) string {
	if last := len(value) - 1; last > 0 && value[0] == '"' && isPlain(value[1:last]) {
		return string(value[1:last])
	}
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}

// isPlain reports whether JSON, HTML and terminals show the text unchanged. Such a text is
// printable ASCII and contains nothing that JSON or HTML escapes.
func isPlain[T string | []byte | json.RawMessage](text T) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}
