package cost

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// value holds a property in a template. A property that does not exist has the value nil.
type value struct{ any }

// UnmarshalJSON implements json.Unmarshaler.
func (v *value) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &v.any) }

func (v value) exists() bool { return v.any != nil }

// get returns a nested property of v. For example, get("A", "B") returns the property B
// of the property A.
func (v value) get(names ...string) value {
	for _, name := range names {
		object, _ := v.any.(map[string]any)
		v = value{object[name]}
	}
	return v
}

func (v value) asList() []value {
	elements, _ := v.any.([]any)
	values := make([]value, len(elements))
	for i, element := range elements {
		values[i] = value{element}
	}
	return values
}

// first returns the first element of a list.
func (v value) first() value {
	if list := v.asList(); len(list) > 0 {
		return list[0]
	}
	return value{}
}

func (v value) asString() string {
	text, _ := v.any.(string)
	return text
}

// equals reports whether v equals the given text. The Boolean true equals "true", and false equals
// "false".
func (v value) equals(text string) bool { return v.exists() && fmt.Sprint(v.any) == text }

// asNumber returns v as a number. v can also be text that contains a number. For other values, it
// returns fallback.
func (v value) asNumber(fallback float64) float64 {
	switch n := v.any.(type) {
	case float64:
		return n
	case string:
		if parsed, err := strconv.ParseFloat(n, 64); err == nil {
			return parsed
		}
	}
	return fallback
}

// reference returns the logical id to which Ref or Fn::GetAtt refers, or "".
func (v value) reference() string {
	if id := v.get("Ref").asString(); id != "" {
		return id
	}
	return v.get("Fn::GetAtt").first().asString()
}

// joinedText returns v if v is text. If v is an Fn::Join, it returns the joined text, in which
// logical ids replace the references.
func (v value) joinedText() string {
	arguments := v.get("Fn::Join").asList()
	if len(arguments) != 2 {
		return v.asString()
	}
	var parts []string
	for _, part := range arguments[1].asList() {
		parts = append(parts, part.asString()+part.reference())
	}
	return strings.Join(parts, arguments[0].asString())
}

// references returns the logical ids to which v, or any value in it, refers.
func (v value) references() (ids []string) {
	if id := v.reference(); id != "" {
		ids = append(ids, id)
	}
	if object, ok := v.any.(map[string]any); ok {
		for _, member := range object {
			ids = append(ids, value{member}.references()...)
		}
	}
	for _, element := range v.asList() {
		ids = append(ids, element.references()...)
	}
	return ids
}
