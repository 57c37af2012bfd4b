package logs

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// condition reports whether a JSON value matches.
type condition func(value any) bool

// parseJSONFilter parses a condition in braces, such as { $.level = "ERROR" && $.code NOT EXISTS }.
func parseJSONFilter(pattern string) (filter, error) {
	p := parser{rest: pattern}
	for {
		token, err := p.scan()
		if err != nil {
			return nil, err
		}
		if token == "" {
			break
		}
		p.tokens = append(p.tokens, token)
	}
	if len(p.tokens) < 2 || p.tokens[len(p.tokens)-1] != "}" {
		return nil, errors.New("the pattern must end with }")
	}
	p.tokens = p.tokens[1 : len(p.tokens)-1]
	holds, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	if p.peek() != "" {
		return nil, fmt.Errorf(
			"a condition must end with \"}\", \"&&\" or \"||\", got %s", p.peek())
	}
	return func(text string) bool {
		var value any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		return decoder.Decode(&value) == nil && holds(value)
	}, nil
}

// parser parses a JSON filter pattern.
type parser struct {
	rest   string
	tokens []string
}

var token = regexp.MustCompile(`^(?:[{}()]|&&|\|\||!=|<=|>=|[=<>]` + // operators
	`|\$(?:\.[\w*-]+|\[(?:\d+|\*|'[^']*'|"[^"]*")\])*` + // selectors
	`|"(?:[^"\\]|\\.)*"|%[^%]+%` + // strings and regular expressions
	`|[\w.*:/+-]+)`) // words and numbers

// scan returns the next token of the text, or "" at the end of the text.
func (p *parser) scan() (string, error) {
	p.rest = strings.TrimSpace(p.rest)
	next := token.FindString(p.rest)
	if next == "" && p.rest != "" {
		return "", fmt.Errorf("unexpected character at %q", p.rest)
	}
	p.rest = p.rest[len(next):]
	return next, nil
}

// peek returns the next token, or "" after the last token.
func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

// take removes and returns the next token.
func (p *parser) take() string {
	next := p.peek()
	if next != "" {
		p.tokens = p.tokens[1:]
	}
	return next
}

// alternatives parses conditions that are separated by ||.
func (p *parser) alternatives() (condition, error) {
	left, err := p.conjunction()
	for err == nil && p.peek() == "||" {
		p.take()
		var right condition
		first := left
		right, err = p.conjunction()
		left = func(v any) bool { return first(v) || right(v) }
	}
	return left, err
}

// conjunction parses conditions that are separated by &&.
func (p *parser) conjunction() (condition, error) {
	left, err := p.comparison()
	for err == nil && p.peek() == "&&" {
		p.take()
		var right condition
		first := left
		right, err = p.comparison()
		left = func(v any) bool { return first(v) && right(v) }
	}
	return left, err
}

// comparison parses a condition in parentheses, or a comparison such as $.code > 400.
func (p *parser) comparison() (condition, error) {
	if p.peek() == "(" {
		p.take()
		inner, err := p.alternatives()
		if err == nil && p.take() != ")" {
			err = errors.New("the pattern must have a ) for each (")
		}
		return inner, err
	}
	selector := p.take()
	if !strings.HasPrefix(selector, "$") {
		return nil, fmt.Errorf("a condition must begin with a selector such as $.msg, got %q",
			selector)
	}
	path := selectorSteps.FindAllString(selector[1:], -1)
	compare, err := p.operator()
	return func(root any) bool {
		found := selectValues(root, path)
		return compare(found)
	}, err
}

// operator parses an operator and its operand. It returns a function that tests the selected
// values.
func (p *parser) operator() (func(found []any) bool, error) {
	switch operator := strings.ToUpper(p.take()); operator {
	case "EXISTS":
		return func(found []any) bool { return len(found) > 0 }, nil
	case "NOT":
		if next := strings.ToUpper(p.take()); next != "EXISTS" {
			return nil, fmt.Errorf("EXISTS must follow NOT, got %q", next)
		}
		return func(found []any) bool { return len(found) == 0 }, nil
	case "IS":
		constants := map[string]any{"NULL": nil, "TRUE": true, "FALSE": false}
		name := strings.ToUpper(p.take())
		want, ok := constants[name]
		if !ok {
			return nil, fmt.Errorf("NULL, TRUE or FALSE must follow IS, got %q", name)
		}
		return anyValue(func(v any) bool { return v == want }), nil
	case "=", "!=":
		equal, err := parseEqual(p.take())
		if operator == "!=" {
			return anyValue(func(v any) bool { return isScalar(v) && !equal(v) }), err
		}
		return anyValue(equal), err
	case "<", "<=", ">", ">=":
		operand := p.take()
		limit, err := strconv.ParseFloat(operand, 64)
		if err != nil {
			return nil, fmt.Errorf("a number must follow %s, got %q", operator, operand)
		}
		return anyValue(func(v any) bool { return compareWithLimit(operator, v, limit) }), nil
	default:
		return nil, fmt.Errorf("an operator must be =, !=, <, <=, >, >=, IS, EXISTS or "+
			"NOT EXISTS, got %q", operator)
	}
}

func anyValue(holds condition) func(found []any) bool {
	return func(found []any) bool {
		for _, v := range found {
			if holds(v) {
				return true
			}
		}
		return false
	}
}

// compareWithLimit compares a value in a log line with a limit. The operator is <, <=, > or >=. It
// returns false if the value is not a number.
func compareWithLimit(operator string, value any, limit float64) bool {
	text, ok := scalarText(value)
	number, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil {
		return false
	}
	switch operator {
	case "<":
		return number < limit
	case "<=":
		return number <= limit
	case ">":
		return number > limit
	}
	return number >= limit
}

// parseEqual parses the operand of = and !=: a number, a regular expression, or a text in which *
// matches any characters.
func parseEqual(operand string) (condition, error) {
	if operand == "" {
		return nil, errors.New("a value must follow = and !=")
	}
	if expression, ok := cutQuotes(operand, "%"); ok {
		compiled, err := regexp.Compile(expression)
		if err != nil {
			return nil, err
		}
		return matchText(compiled), nil
	}
	text, quoted := cutQuotes(operand, `"`)
	if number, err := strconv.ParseFloat(text, 64); err == nil && !quoted {
		return func(v any) bool {
			return compareWithLimit("<=", v, number) && compareWithLimit(">=", v, number)
		}, nil
	}
	if quoted {
		text = unescape(text)
	}
	parts := strings.Split(text, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return matchText(regexp.MustCompile("(?s)^" + strings.Join(parts, ".*") + "$")), nil
}

func matchText(expression *regexp.Regexp) condition {
	return func(v any) bool {
		text, ok := scalarText(v)
		return ok && expression.MatchString(text)
	}
}

// scalarText returns the text of a string, number or Boolean.
func scalarText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func isScalar(value any) bool {
	_, ok := scalarText(value)
	return ok
}

// selectorSteps matches the steps of a selector, such as .a, [0] and ['a b'].
var selectorSteps = regexp.MustCompile(`\.[\w*-]+|\[[^\]]+\]`)

// selectValues returns the values at a path. The step * selects all elements or fields.
func selectValues(value any, path []string) []any {
	if len(path) == 0 {
		return []any{value}
	}
	name := strings.Trim(path[0], `.[]'"`)
	var found []any
	switch v := value.(type) {
	case map[string]any:
		for field, inner := range v {
			if name == field || name == "*" {
				found = append(found, selectValues(inner, path[1:])...)
			}
		}
	case []any:
		for i, inner := range v {
			if name == strconv.Itoa(i) || name == "*" {
				found = append(found, selectValues(inner, path[1:])...)
			}
		}
	}
	return found
}
