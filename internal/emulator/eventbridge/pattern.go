package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// pattern is a compiled event pattern.
type pattern struct{ root objectPattern }

// matches reports whether the pattern matches an event, decoded by decode.
func (p pattern) matches(event any) bool { return p.root.matches(event, event) }

// condition is one part of a pattern, held against the value at its place in the event; whole is the event.
type condition interface {
	matches(value, whole any) bool
}

// objectPattern holds when every field's condition holds, and one alternative of each $or.
type objectPattern struct {
	fields map[string]condition
	ors    []anyOf
}

type anyOf []objectPattern

func parsePattern(text []byte) (pattern, error) {
	value, err := decode(text)
	if err != nil {
		return pattern{}, err
	}
	fields, ok := value.(map[string]any)
	if !ok || len(fields) == 0 {
		return pattern{}, errors.New("an event pattern is a JSON object with fields")
	}
	root, err := parseObject(fields, nil)
	return pattern{root}, err
}

// decode reads one JSON value and keeps numbers as they are written.
func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one JSON value")
	}
	return value, nil
}

func parseObject(fields map[string]any, path []string) (objectPattern, error) {
	object := objectPattern{fields: map[string]condition{}}
	for name, value := range fields {
		if alternatives, ok := value.([]any); ok && name == "$or" {
			or, err := parseOr(alternatives, path)
			if err != nil {
				return object, err
			}
			object.ors = append(object.ors, or)
			continue
		}
		here := append(path[:len(path):len(path)], name)
		var err error
		switch value := value.(type) {
		case map[string]any:
			if len(value) == 0 {
				return object, fmt.Errorf("%q is an empty object", name)
			}
			object.fields[name], err = parseObject(value, here)
		case []any:
			object.fields[name], err = parseLeaf(value, here)
		default:
			return object, fmt.Errorf("%q must be an object or an array", name)
		}
		if err != nil {
			return object, err
		}
	}
	return object, nil
}

func parseOr(alternatives []any, path []string) (anyOf, error) {
	if len(alternatives) < 2 {
		return nil, errors.New("$or needs at least two alternatives")
	}
	var or anyOf
	for _, a := range alternatives {
		fields, ok := a.(map[string]any)
		if !ok || len(fields) == 0 {
			return nil, errors.New("an alternative of $or must be an object with fields")
		}
		object, err := parseObject(fields, path)
		if err != nil {
			return nil, err
		}
		or = append(or, object)
	}
	return or, nil
}

// matches expects of an array that one of its elements fulfils all of the pattern.
func (o objectPattern) matches(value, whole any) bool {
	if elements, ok := value.([]any); ok && len(elements) > 0 {
		for _, e := range elements {
			if o.matches(e, whole) {
				return true
			}
		}
		return false
	}
	object, _ := value.(map[string]any) // in anything else every field is absent
	for name, c := range o.fields {
		field, ok := object[name]
		if !ok {
			field = absent{}
		}
		if !c.matches(field, whole) {
			return false
		}
	}
	for _, or := range o.ors {
		if !or.matches(value, whole) {
			return false
		}
	}
	return true
}

func (or anyOf) matches(value, whole any) bool {
	for _, o := range or {
		if o.matches(value, whole) {
			return true
		}
	}
	return false
}

// absent stands for the value of a field that an event does not have.
type absent struct{}

// leafPattern holds when one of its matchers takes the value or, of an array, one of its elements.
type leafPattern struct {
	path          []string
	matchers      []matcher
	matchesAbsent bool // holds as well when the event has no such leaf anywhere
}

func (l leafPattern) matches(value, whole any) bool {
	if l.matchesAbsent && !hasLeaf(whole, l.path) {
		return true
	}
	return l.matchesAny(value)
}

func (l leafPattern) matchesAny(value any) bool {
	switch value := value.(type) {
	case absent, map[string]any:
		return false
	case []any:
		for _, e := range value {
			if l.matchesAny(e) {
				return true
			}
		}
		return false
	}
	for _, m := range l.matchers {
		if m(value) {
			return true
		}
	}
	return false
}

// hasLeaf reports whether there is a string, number, boolean or null at the path, through arrays where they are.
func hasLeaf(value any, path []string) bool {
	switch value := value.(type) {
	case []any:
		for _, e := range value {
			if hasLeaf(e, path) {
				return true
			}
		}
		return false
	case map[string]any:
		if len(path) == 0 {
			return false
		}
		field, ok := value[path[0]]
		return ok && hasLeaf(field, path[1:])
	}
	return len(path) == 0
}
