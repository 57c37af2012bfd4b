package eventbridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// matcher reports whether a leaf of an event matches. A leaf is a string, json.Number, bool or nil.
type matcher func(leaf any) bool

func parseLeaf(values []any, path []string) (leafPattern, error) {
	leaf := leafPattern{path: path}
	if len(values) == 0 {
		return leaf, fmt.Errorf("array %q must not be empty", path[len(path)-1])
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
			m, err = equalsMatcher(value)
		}
		if err != nil {
			return leaf, fmt.Errorf("field %q: %w", path[len(path)-1], err)
		}
		leaf.matchers = append(leaf.matchers, m)
	}
	return leaf, nil
}

// equalsMatcher returns a matcher for leaves that are equal to the value. Numbers must have the
// same notation: 300 and 3.0e2 differ, as EventBridge documents. IP addresses can differ in
// notation: ::1 equals 0:0:0:0:0:0:0:1.
func equalsMatcher(value any) (matcher, error) {
	if _, isArray := value.([]any); isArray {
		return nil, errors.New("arrays must not be nested")
	}
	if address, ok := parseAddress(value); ok {
		return func(leaf any) bool {
			other, ok := parseAddress(leaf)
			return ok && other == address
		}, nil
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
			return nil, fmt.Errorf(`the argument of "exists" must be true or false, got %v`,
				argument)
		}
		return func(any) bool { return true }, nil
	case "anything-but":
		return anythingBut(argument)
	case "numeric":
		return numericMatcher(argument)
	case "cidr":
		return cidrMatcher(argument)
	}
	return parseStringMatcher(name, argument)
}

func singleField(object map[string]any) (name string, value any, err error) {
	if len(object) != 1 {
		return "", nil, errors.New("a matcher must be an object with one field")
	}
	for name, value = range object {
	}
	return name, value, nil
}

// parseStringMatcher parses a matcher that compares a leaf with a string, such as "prefix".
func parseStringMatcher(name string, argument any) (matcher, error) {
	object, isObject := argument.(map[string]any)
	if isObject && (name == "prefix" || name == "suffix") && len(object) == 1 {
		if ignoreCase, ok := object["equals-ignore-case"]; ok {
			argument = ignoreCase
			name += " equals-ignore-case"
		}
	}
	text, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("the argument of %q must be a string, got %v", name, argument)
	}
	var matches func(string) bool
	switch name {
	case "prefix":
		matches = func(s string) bool { return strings.HasPrefix(s, text) }
	case "suffix":
		matches = func(s string) bool { return strings.HasSuffix(s, text) }
	case "equals-ignore-case":
		matches = func(s string) bool { return strings.EqualFold(s, text) }
	case "prefix equals-ignore-case":
		text = strings.ToLower(text)
		matches = func(s string) bool { return strings.HasPrefix(strings.ToLower(s), text) }
	case "suffix equals-ignore-case":
		text = strings.ToLower(text)
		matches = func(s string) bool { return strings.HasSuffix(strings.ToLower(s), text) }
	case "wildcard":
		expression, err := wildcardRegexp(text)
		if err != nil {
			return nil, err
		}
		matches = expression.MatchString
	default:
		return nil, fmt.Errorf("the local platform does not support the matcher %q", name)
	}
	return func(leaf any) bool {
		s, ok := leaf.(string)
		return ok && matches(s)
	}, nil
}

// anythingBut parses the argument of "anything-but". The argument lists the excluded leaves. It is
// a string, a number, an array of either, or a string matcher with one or more strings.
func anythingBut(argument any) (matcher, error) {
	parse := parseExcluded
	if object, ok := argument.(map[string]any); ok {
		name, value, err := singleField(object)
		if err != nil {
			return nil, fmt.Errorf(`"anything-but": %w`, err)
		}
		parse = func(text any) (matcher, error) {
			if text == "" && (name == "prefix" || name == "suffix") {
				return nil, fmt.Errorf("the argument of %q must not be empty", name)
			}
			return parseStringMatcher(name, text)
		}
		argument = value
	}
	values, isList := argument.([]any)
	if !isList {
		values = []any{argument}
	}
	if len(values) == 0 {
		return nil, errors.New(`"anything-but" must have at least one value`)
	}
	var excluded []matcher
	for _, value := range values {
		if reflect.TypeOf(value) != reflect.TypeOf(values[0]) {
			return nil, errors.New(`"anything-but" must have only strings or only numbers`)
		}
		m, err := parse(value)
		if err != nil {
			return nil, fmt.Errorf(`"anything-but": %w`, err)
		}
		excluded = append(excluded, m)
	}
	return func(leaf any) bool {
		return !slices.ContainsFunc(excluded, func(m matcher) bool { return m(leaf) })
	}, nil
}

// parseExcluded parses one value of "anything-but". It returns a matcher for leaves that equal this
// value. It compares numbers by value, not by notation.
func parseExcluded(value any) (matcher, error) {
	switch value.(type) {
	case json.Number:
		return numericMatcher([]any{"=", value})
	case string:
		return equalsMatcher(value)
	}
	return nil, fmt.Errorf("each value must be a string or a number, got %v", value)
}

// cidrMatcher returns a matcher for the IP addresses in a range such as 10.0.0.0/24 or
// 2001:db8::/32.
func cidrMatcher(argument any) (matcher, error) {
	text, _ := argument.(string)
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, fmt.Errorf(`"cidr" must be an IP address range such as 10.0.0.0/24, got %v`,
			argument)
	}
	if longest := network.Addr().BitLen() - 1; network.Bits() > longest {
		return nil, fmt.Errorf(`"cidr" must have at most %d mask bits, got %s`, longest, text)
	}
	return func(leaf any) bool {
		address, ok := parseAddress(leaf)
		return ok && network.Contains(address)
	}, nil
}

// parseAddress parses a value that is an IP address without a zone.
func parseAddress(value any) (netip.Addr, bool) {
	text, _ := value.(string)
	address, err := netip.ParseAddr(text)
	return address, err == nil && address.Zone() == ""
}

// numericMatcher returns a matcher that compares numbers by value. Two examples of its argument
// are ["=", 300] and [">", 0, "<=", 5].
func numericMatcher(argument any) (matcher, error) {
	list, _ := argument.([]any)
	if len(list) != 2 && len(list) != 4 {
		return nil, errors.New(`"numeric" must have one or two pairs of an operator and a number`)
	}
	var comparisons []func(float64) bool
	for i := 0; i < len(list); i += 2 {
		operator, _ := list[i].(string)
		number, _ := list[i+1].(json.Number)
		limit, err := number.Float64()
		if err != nil {
			return nil, fmt.Errorf(`in "numeric", a number must follow %v, got %v`,
				list[i], list[i+1])
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
			return nil, fmt.Errorf(`in "numeric", an operator must be =, <, <=, > or >=, got %v`,
				list[i])
		}
		comparisons = append(comparisons, holds)
	}
	return func(leaf any) bool {
		number, _ := leaf.(json.Number)
		x, err := number.Float64()
		return err == nil && !slices.ContainsFunc(comparisons, func(holds func(float64) bool) bool {
			return !holds(x)
		})
	}, nil
}

// wildcardRegexp translates a wildcard expression into a regular expression. A * matches any number
// of characters. \* matches * and \\ matches \.
func wildcardRegexp(text string) (*regexp.Regexp, error) {
	expression := "(?s)^"
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "**"):
			return nil, errors.New(`"wildcard" must not have two asterisks in a row`)
		case text[i] == '*':
			expression += ".*"
			continue
		case text[i] == '\\':
			if i++; i == len(text) || text[i] != '*' && text[i] != '\\' {
				return nil, errors.New(`in "wildcard", the character after \ must be * or \`)
			}
		}
		expression += regexp.QuoteMeta(text[i : i+1])
	}
	return regexp.Compile(expression + "$")
}
