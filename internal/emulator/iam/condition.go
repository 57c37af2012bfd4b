package iam

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// condition represents one part of a statement's element Condition: an operator, a condition key
// and values.
type condition struct {
	key      string // in lower case
	values   []string
	test     func(value, want string) bool
	negated  bool // the condition holds if no value passes the test
	null     bool // the condition tests whether the key is absent
	ifExists bool // the condition holds if the key is absent
}

// conditionKeys lists the supported condition keys, in lower case.
var conditionKeys = []string{
	"aws:principalaccount", "aws:principalarn", "aws:requestedregion", "aws:securetransport",
	"aws:sourceaccount", "aws:sourcearn", "aws:viaawsservice",
	"events:detail-type", "events:source",
	"kms:calleraccount", "kms:viaservice",
	"kms:encryptioncontext:aws:events:event-bus:arn", "kms:encryptioncontext:aws:logs:arn",
	"lambda:sourcefunctionarn",
	"s3:delimiter", "s3:if-match", "s3:if-none-match", "s3:max-keys",
	"s3:objectcreationoperation", "s3:prefix", "s3:tlsversion", "s3:versionid",
}

// operators maps condition operators to tests. parseCondition handles "Not" and "IfExists" in the
// name of an operator.
var operators = map[string]func(value, want string) bool{
	"StringEquals":             func(value, want string) bool { return value == want },
	"StringEqualsIgnoreCase":   strings.EqualFold,
	"StringLike":               matchesWildcards,
	"ArnEquals":                arnLike, // AWS evaluates ArnEquals like ArnLike
	"ArnLike":                  arnLike,
	"Bool":                     strings.EqualFold,
	"NumericEquals":            numberTest(0),
	"NumericLessThan":          numberTest(-1),
	"NumericLessThanEquals":    numberTest(-1, 0),
	"NumericGreaterThan":       numberTest(1),
	"NumericGreaterThanEquals": numberTest(0, 1),
}

// numberTest returns a test that compares two numbers. The test passes if the parameter results
// contains the result of cmp.Compare.
func numberTest(results ...int) func(value, want string) bool {
	return func(value, want string) bool {
		a, errA := strconv.ParseFloat(value, 64)
		b, errB := strconv.ParseFloat(want, 64)
		return errA == nil && errB == nil && slices.Contains(results, cmp.Compare(a, b))
	}
}

func parseCondition(operator, key string, values []scalar) (condition, error) {
	c := condition{key: strings.ToLower(key)}
	if !slices.Contains(conditionKeys, c.key) {
		return c, fmt.Errorf("the emulator does not support the condition key %s", key)
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
		return c, fmt.Errorf("the emulator does not support the condition operator %s", operator)
	}
	return c, nil
}

// holds reports whether the request meets the condition.
func (c condition) holds(r Request) bool {
	value, present := r.conditionValue(c.key)
	test := c.test
	switch {
	case c.null:
		value, test = strconv.FormatBool(!present), strings.EqualFold
	case !present:
		return c.ifExists || c.negated
	}
	passes := slices.ContainsFunc(c.values, func(want string) bool { return test(value, want) })
	return passes != c.negated
}
