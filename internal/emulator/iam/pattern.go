package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// patterns holds a statement's Action or Resource, or its NotAction or NotResource if negated is
// true.
type patterns struct {
	list    []string // in lower case if fold is set
	negated bool
	fold    bool // foldCase or exactCase
}

// Actions are case-insensitive. Resources are case-sensitive.
const (
	foldCase  = true
	exactCase = false
)

func parsePatterns(name string, positive, negative []string, fold bool) (patterns, error) {
	if (len(positive) == 0) == (len(negative) == 0) {
		return patterns{}, fmt.Errorf("a statement must have either %s or Not%s", name, name)
	}
	p := patterns{list: slices.Concat(positive, negative), negated: len(negative) > 0, fold: fold}
	for i, pattern := range p.list {
		if err := checkVariables(pattern); err != nil {
			return patterns{}, err
		}
		if fold {
			p.list[i] = strings.ToLower(pattern)
		}
	}
	return p, nil
}

func checkVariables(value string) error {
	if strings.Contains(value, "${") {
		return errors.New("the emulator does not support policy variables: " + value)
	}
	return nil
}

func (p patterns) match(text string) bool {
	if p.fold {
		text = strings.ToLower(text)
	}
	found := slices.ContainsFunc(p.list,
		func(pattern string) bool { return matchesWildcards(text, pattern) })
	return found != p.negated
}

// matchesWildcards reports whether text matches a pattern. * matches any number of characters, and
// ? matches one character.
func matchesWildcards(text, pattern string) bool {
	// star is the index after the last * that the loop has reached, or -1. pattern[:star] matches
	// text[:matched].
	star, matched := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			p++
			star, matched = p, t
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			matched++
			p, t = star, matched
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// arnLike reports whether an ARN matches a pattern. It compares the six parts of the ARN one by
// one: a wildcard does not match across the colons between them.
func arnLike(arn, pattern string) bool {
	parts, patternParts := strings.SplitN(arn, ":", 6), strings.SplitN(pattern, ":", 6)
	if len(patternParts) != 6 || len(parts) != 6 {
		return false
	}
	for i := range parts {
		if !matchesWildcards(parts[i], patternParts[i]) {
			return false
		}
	}
	return true
}
