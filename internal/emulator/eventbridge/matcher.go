package eventbridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// matcher takes or refuses a leaf of an event: a string, json.Number, bool or nil.
type matcher func(leaf any) bool

func parseLeaf(values []any, path []string) (leafPattern, error) {
	leaf := leafPattern{path: path}
	if len(values) == 0 {
		return leaf, fmt.Errorf("the array of %q is empty", path[len(path)-1])
	}
	for _, value := range values {
		object, isObject := value.(map[string]any)
		if exists, ok := object["exists"]; ok && len(object) == 1 && exists == false {
			leaf.matchesAbsent = true
			continue
		}
		var m matcher
		var err error
		if isObject {
			m, err = parseMatcher(object)
		} else {
			m, err = equals(value)
		}
		if err != nil {
			return leaf, fmt.Errorf("%q: %w", path[len(path)-1], err)
		}
		leaf.matchers = append(leaf.matchers, m)
	}
	return leaf, nil
}

// equals takes the very same value. Numbers are compared as they are written: EventBridge documents that 300 and 3.0e2
// are not the same, and has {"numeric": ["=", 300]} for that.
func equals(value any) (matcher, error) {
	if _, isArray := value.([]any); isArray {
		return nil, errors.New("an array within an array")
	}
	return func(leaf any) bool { return leaf == value }, nil
}

func parseMatcher(object map[string]any) (matcher, error) {
	name, argument, err := singleField(object)
	if err != nil {
		return nil, err
	}
	switch name {
	case "exists":
		if argument != true {
			return nil, errors.New("exists must be true or false")
		}
		return func(any) bool { return true }, nil
	case "anything-but":
		return anythingBut(argument)
	case "numeric":
		return numeric(argument)
	}
	return parseStringMatcher(name, argument)
}

func singleField(object map[string]any) (name string, value any, err error) {
	if len(object) != 1 {
		return "", nil, errors.New("a matcher is an object with one field")
	}
	for name, value = range object {
	}
	return name, value, nil
}

// parseStringMatcher makes the matchers whose argument is a text.
func parseStringMatcher(name string, argument any) (matcher, error) {
	if object, ok := argument.(map[string]any); ok && (name == "prefix" || name == "suffix") && len(object) == 1 {
		if argument, ok = object["equals-ignore-case"]; ok {
			name += " equals-ignore-case"
		}
	}
	text, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("%s takes a text", name)
	}
	var takes func(string) bool
	switch name {
	case "prefix":
		takes = func(s string) bool { return strings.HasPrefix(s, text) }
	case "suffix":
		takes = func(s string) bool { return strings.HasSuffix(s, text) }
	case "equals-ignore-case":
		takes = func(s string) bool { return strings.EqualFold(s, text) }
	case "prefix equals-ignore-case":
		takes = func(s string) bool { return strings.HasPrefix(strings.ToLower(s), strings.ToLower(text)) }
	case "suffix equals-ignore-case":
		takes = func(s string) bool { return strings.HasSuffix(strings.ToLower(s), strings.ToLower(text)) }
	case "wildcard":
		return wildcard(text)
	default:
		return nil, fmt.Errorf("the matcher %s is not known here", name)
	}
	return func(leaf any) bool {
		s, ok := leaf.(string)
		return ok && takes(s)
	}, nil
}

// anythingBut refuses what its argument takes: a value, a list of values, or a matcher of one or more texts.
func anythingBut(argument any) (matcher, error) {
	parse := equals
	if object, ok := argument.(map[string]any); ok {
		name, value, err := singleField(object)
		if err != nil {
			return nil, fmt.Errorf("anything-but: %w", err)
		}
		parse = func(text any) (matcher, error) { return parseStringMatcher(name, text) }
		argument = value
	}
	values, isList := argument.([]any)
	if !isList {
		values = []any{argument}
	}
	if len(values) == 0 {
		return nil, errors.New("anything-but takes at least one value")
	}
	var refused []matcher
	for _, value := range values {
		m, err := parse(value)
		if err != nil {
			return nil, fmt.Errorf("anything-but: %w", err)
		}
		refused = append(refused, m)
	}
	return func(leaf any) bool {
		return !slices.ContainsFunc(refused, func(refuses matcher) bool { return refuses(leaf) })
	}, nil
}

// numeric compares numbers by their value: ["=", 300], [">", 0, "<=", 5].
func numeric(argument any) (matcher, error) {
	list, _ := argument.([]any)
	if len(list) != 2 && len(list) != 4 {
		return nil, errors.New("numeric takes one or two comparisons, each an operator and a number")
	}
	var comparisons []func(float64) bool
	for i := 0; i < len(list); i += 2 {
		operator, _ := list[i].(string)
		number, _ := list[i+1].(json.Number)
		limit, err := number.Float64()
		if err != nil {
			return nil, fmt.Errorf("numeric compares with numbers, not with %v", list[i+1])
		}
		var holds func(float64) bool
		switch operator {
		case "=":
			holds = func(x float64) bool { return x == limit }
		case "<":
			holds = func(x float64) bool { return x < limit }
		case "<=":
			holds = func(x float64) bool { return x <= limit }
		case ">":
			holds = func(x float64) bool { return x > limit }
		case ">=":
			holds = func(x float64) bool { return x >= limit }
		default:
			return nil, fmt.Errorf("numeric does not know the operator %v", list[i])
		}
		comparisons = append(comparisons, holds)
	}
	return func(leaf any) bool {
		number, _ := leaf.(json.Number)
		x, err := number.Float64()
		if err != nil {
			return false
		}
		for _, holds := range comparisons {
			if !holds(x) {
				return false
			}
		}
		return true
	}, nil
}

// wildcard takes texts in which each * stands for any characters; \* and \\ stand for themselves.
func wildcard(text string) (matcher, error) {
	parts := []string{""}
	for i := 0; i < len(text); i++ {
		last := len(parts) - 1
		switch {
		case text[i] == '*' && i > 0 && text[i-1] == '*' && parts[last] == "":
			return nil, errors.New("wildcard has two asterisks in a row")
		case text[i] == '*':
			parts = append(parts, "")
		case text[i] == '\\':
			if i++; i == len(text) || text[i] != '*' && text[i] != '\\' {
				return nil, errors.New(`wildcard has a \ that escapes neither * nor \`)
			}
			parts[last] += text[i : i+1]
		default:
			parts[last] += text[i : i+1]
		}
	}
	return func(leaf any) bool {
		s, ok := leaf.(string)
		return ok && matchesParts(s, parts)
	}, nil
}

// matchesParts reports whether s is the parts in a row with anything between them.
func matchesParts(s string, parts []string) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return s == first
	}
	rest, ok := strings.CutPrefix(s, first)
	if !ok {
		return false
	}
	if rest, ok = strings.CutSuffix(rest, last); !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return true
}
