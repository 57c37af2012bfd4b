// Package activity tells what happens to events on the local platform, step by step as it happens.
//
// Most steps come from the functions' own logs: what they would write to CloudWatch is read line by line.
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

// Step is one thing that happened, mostly to one event.
type Step struct {
	Time      time.Time
	Name      string // accepted, processed, dead-lettered, …
	EventID   string // "" when it is not about an event
	EventType string
	Source    string // what it happened in: a function, a queue or a bus
	Level     slog.Level
	Details   []Detail // whatever else is known, in the order in which it was written
	Output    string   // what a tool printed, of several lines
}

// Detail is a named value of a step.
type Detail struct {
	Name  string
	Value json.RawMessage
}

// StringDetail is a detail that is a string.
func StringDetail(name, value string) Detail {
	data, err := json.Marshal(value)
	if err != nil {
		data = []byte(`""`) // no string fails to marshal
	}
	return Detail{name, data}
}

// changeCounts are what a line of the reconciler counts; a run that changed nothing comes every minute.
var changeCounts = []string{contract.MetricReenqueued, contract.MetricGivenUp, contract.MetricRepaired}

// parseLine makes a step of a line that a function wrote, and tells whether it is worth showing: lines about an event
// are, others when they warn or count changes, and whatever is not slog's JSON.
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
			_ = step.Level.UnmarshalText([]byte(stringValue(f.Value))) // info, when it is no level of slog's
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
	return step, step.EventID != "" || step.Level >= slog.LevelWarn || slices.ContainsFunc(step.Details, countsChange)
}

func countsChange(d Detail) bool {
	return slices.Contains(changeCounts, d.Name) && string(d.Value) != "0"
}

// parseObject reads the fields of a JSON object in their order.
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
		fields = append(fields, Detail{name.(string), value}) // the decoder takes only strings for names
	}
	_, err := decoder.Token()
	return fields, err == nil
}

// stringValue is the string that the value is, or its JSON when it is none.
func stringValue(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}
