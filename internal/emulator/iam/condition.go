package iam

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// condition is what one operator asks of one key.
type condition struct {
	key      string // in lower case
	values   []string
	test     func(value, want string) bool
	negated  bool // holds when no value passes the test
	null     bool // asks whether the key is there
	ifExists bool // holds when the key is not there
}

// operators are the operators' own; those whose name has a Not in it are the others' opposite.
var operators = map[string]func(value, want string) bool{
	"StringEquals":             func(value, want string) bool { return value == want },
	"StringEqualsIgnoreCase":   strings.EqualFold,
	"StringLike":               func(value, want string) bool { return like(want, value) },
	"ArnEquals":                func(value, want string) bool { return arnLike(want, value) }, // the same as ArnLike
	"ArnLike":                  func(value, want string) bool { return arnLike(want, value) },
	"Bool":                     strings.EqualFold,
	"NumericEquals":            numeric(func(a, b float64) bool { return a == b }),
	"NumericLessThan":          numeric(func(a, b float64) bool { return a < b }),
	"NumericLessThanEquals":    numeric(func(a, b float64) bool { return a <= b }),
	"NumericGreaterThan":       numeric(func(a, b float64) bool { return a > b }),
	"NumericGreaterThanEquals": numeric(func(a, b float64) bool { return a >= b }),
}

func numeric(compare func(a, b float64) bool) func(value, want string) bool {
	return func(value, want string) bool {
		a, errA := strconv.ParseFloat(value, 64)
		b, errB := strconv.ParseFloat(want, 64)
		return errA == nil && errB == nil && compare(a, b)
	}
}

func parseCondition(operator, key string, values []scalar) (condition, error) {
	c := condition{key: strings.ToLower(key)}
	if !isConditionKey(c.key) {
		return c, fmt.Errorf("the local platform does not know the condition key %s", key)
	}
	for _, v := range values {
		if err := checkVariables(string(v)); err != nil {
			return c, err
		}
		c.values = append(c.values, string(v))
	}
	if operator == "Null" {
		c.null = true
		return c, nil
	}
	var name string
	name, c.ifExists = strings.CutSuffix(operator, "IfExists")
	positive := strings.Replace(name, "Not", "", 1)
	c.negated = positive != name
	if c.test = operators[positive]; c.test == nil || positive == "Bool" && c.negated {
		return c, fmt.Errorf("the local platform does not know the condition operator %s", operator)
	}
	return c, nil
}

// holds tells whether the condition is true of the request.
func (c condition) holds(r Request) bool {
	value, present := r.Context[c.key]
	if c.null {
		return slices.ContainsFunc(c.values, func(want string) bool { return strings.EqualFold(want, strconv.FormatBool(!present)) })
	}
	if !present {
		return c.ifExists || c.negated
	}
	return slices.ContainsFunc(c.values, func(want string) bool { return c.test(value, want) }) != c.negated
}
