package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// pattern represents a compiled event pattern.
type pattern struct{ root objectPattern }

// matches reports whether the pattern matches an event. The caller must decode the event with the
// function decode.
func (p pattern) matches(event any) bool { return p.root.matches(event, event) }

// condition represents the part of an event pattern that tests the value at one path.
type condition interface {
	// matches tests the value at the path. The test can also use other parts of the event.
	matches(value, event any) bool
}

// objectPattern matches an object if all fields match. Each "$or" also needs a matching
// alternative.
type objectPattern struct {
	fields map[string]condition
	ors    []alternatives
}

type alternatives []objectPattern

func parsePattern(text []byte) (pattern, error) {
	value, err := decode(text)
	if err != nil {
		return pattern{}, err
	}
	fields, ok := value.(map[string]any)
	if !ok || len(fields) == 0 {
		return pattern{}, errors.New("an event pattern must be a JSON object with fields")
	}
	root, err := parseObject(fields, nil)
	return pattern{root}, err
}

// decode decodes one JSON value. Numbers become json.Number, which keeps the notation.
func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("unexpected data after the JSON value")
	}
	return value, nil
}

func parseObject(fields map[string]any, path []string) (objectPattern, error) {
	object := objectPattern{fields: map[string]condition{}}
	for name, value := range fields {
		if list, ok := value.([]any); ok && name == "$or" {
			or, err := parseOr(list, path)
			if err != nil {
				return object, err
			}
			object.ors = append(object.ors, or)
			continue
		}
		fieldPath := append(path[:len(path):len(path)], name)
		var err error
		switch value := value.(type) {
		case map[string]any:
			if len(value) == 0 {
				return object, fmt.Errorf("object %q must not be empty", name)
			}
			object.fields[name], err = parseObject(value, fieldPath)
		case []any:
			object.fields[name], err = parseLeaf(value, fieldPath)
		default:
			return object, fmt.Errorf("field %q must be an object or an array", name)
		}
		if err != nil {
			return object, err
		}
	}
	return object, nil
}

func parseOr(list []any, path []string) (alternatives, error) {
	if len(list) < 2 {
		return nil, errors.New(`"$or" must have at least two alternatives`)
	}
	var or alternatives
	for _, alternative := range list {
		fields, ok := alternative.(map[string]any)
		if !ok || len(fields) == 0 {
			return nil, errors.New(`each alternative in "$or" must be an object with fields`)
		}
		object, err := parseObject(fields, path)
		if err != nil {
			return nil, err
		}
		or = append(or, object)
	}
	return or, nil
}

// matches reports whether a value is a matching object, or an array with a matching element.
func (o objectPattern) matches(value, event any) bool {
	if elements, ok := value.([]any); ok && len(elements) > 0 {
		return slices.ContainsFunc(elements, func(e any) bool { return o.matches(e, event) })
	}
	object, _ := value.(map[string]any) // values of other types have no fields
	for name, c := range o.fields {
		field, ok := object[name]
		if !ok {
			field = absent{}
		}
		if !c.matches(field, event) {
			return false
		}
	}
	return !slices.ContainsFunc(o.ors, func(or alternatives) bool {
		return !or.matches(value, event)
	})
}

func (a alternatives) matches(value, event any) bool {
	return slices.ContainsFunc(a, func(o objectPattern) bool { return o.matches(value, event) })
}

// absent represents the value of a field that the event lacks.
type absent struct{}

// leafPattern matches a value if one of its matchers matches. An array matches if one of its
// elements matches.
type leafPattern struct {
	path          []string
	matchers      []matcher
	matchesAbsent bool // whether an event without a leaf at the path also matches
}

func (l leafPattern) matches(value, event any) bool {
	return l.matchesAbsent && !hasLeaf(event, l.path) || l.matchesAny(value)
}

func (l leafPattern) matchesAny(value any) bool {
	switch value := value.(type) {
	case absent, map[string]any:
		return false
	case []any:
		return slices.ContainsFunc(value, l.matchesAny)
	}
	return slices.ContainsFunc(l.matchers, func(m matcher) bool { return m(value) })
}

// hasLeaf reports whether the path leads to a string, number, boolean or null. The path can lead
// through elements of arrays.
func hasLeaf(value any, path []string) bool {
	switch value := value.(type) {
	case []any:
		return slices.ContainsFunc(value, func(e any) bool { return hasLeaf(e, path) })
	case map[string]any:
		if len(path) == 0 {
			return false
		}
		field, ok := value[path[0]]
		return ok && hasLeaf(field, path[1:])
	}
	return len(path) == 0
}
