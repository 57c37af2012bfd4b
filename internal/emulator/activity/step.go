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

// StringDetail returns a detail with a string.
func StringDetail(name, value string) Detail {
	data, _ := json.Marshal(value) // cannot fail
	return Detail{name, data}
}

// changeCounts lists the fields of the reconciler's log line that count changes. The reconciler
// writes this line every minute, usually without changes.
var changeCounts = []string{
	contract.MetricReenqueued, contract.MetricGivenUp, contract.MetricRepaired,
}

// parseLine returns the step of a log line, and false if the step should be hidden. It hides empty
// lines. It also hides a JSON line, unless the line has an event id, has at least the level WARN,
// or counts a change.
func parseLine(now time.Time, function string, line []byte) (Step, bool) {
	step := Step{Time: now, Source: function}
	fields, ok := parseObject(line)
	if !ok {
		text := strings.TrimSpace(string(line))
		step.Name = "log"
		step.Details = []Detail{StringDetail("line", text)}
		return step, text != ""
	}
	for _, f := range fields {
		switch f.Name {
		case slog.TimeKey:
			if t, err := time.Parse(time.RFC3339Nano, stringValue(f.Value)); err == nil {
				step.Time = t
			}
		case slog.LevelKey:
			// If the level is unknown, it stays INFO.
			_ = step.Level.UnmarshalText([]byte(stringValue(f.Value)))
		case slog.MessageKey:
			step.Name = strings.TrimPrefix(stringValue(f.Value), "event ")
		case "eventId":
			step.EventID = stringValue(f.Value)
		case "eventType":
			step.EventType = stringValue(f.Value)
		default:
			step.Details = append(step.Details, f)
		}
	}
	show := step.EventID != "" || step.Level >= slog.LevelWarn ||
		slices.ContainsFunc(step.Details, countsChange)
	return step, show
}

func countsChange(d Detail) bool {
	return slices.Contains(changeCounts, d.Name) && string(d.Value) != "0"
}

// parseObject returns the fields of a JSON object in their order.
func parseObject(line []byte) ([]Detail, bool) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, false
	}
	var fields []Detail
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, false
		}
		fields = append(fields, Detail{name.(string), value}) // JSON names are strings
	}
	_, err := decoder.Token()
	return fields, err == nil
}

// stringValue returns a string value, or the JSON of any other value.
func stringValue(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}
