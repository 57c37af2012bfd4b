package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// patterns are what a statement's Action or Resource matches, or, negated, what its NotAction or NotResource does not.
type patterns struct {
	list    []string
	negated bool
	fold    bool
}

// Actions are the same in any case, resources are not.
const (
	foldCase  = true
	exactCase = false
)

func parsePatterns(name string, these, notThese []string, fold bool) (patterns, error) {
	if (len(these) == 0) == (len(notThese) == 0) {
		return patterns{}, fmt.Errorf("it needs either %s or Not%s", name, name)
	}
	p := patterns{list: slices.Concat(these, notThese), negated: len(notThese) > 0, fold: fold}
	for _, pattern := range p.list {
		if err := checkVariables(pattern); err != nil {
			return patterns{}, err
		}
	}
	return p, nil
}

func checkVariables(value string) error {
	if strings.Contains(value, "${") {
		return errors.New("the local platform does not know policy variables, as in " + value)
	}
	return nil
}

func (p patterns) match(text string) bool {
	found := slices.ContainsFunc(p.list, func(pattern string) bool {
		if p.fold {
			return like(strings.ToLower(pattern), strings.ToLower(text))
		}
		return like(pattern, text)
	})
	return found != p.negated
}

// like tells whether text matches a pattern in which * stands for any characters and ? for any one.
func like(pattern, text string) bool {
	// star is behind the last *, and matched is what that one has swallowed so far.
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

// arnLike is like for ARNs, whose wildcards end at the colons: the first five parts each match by themselves.
func arnLike(pattern, arn string) bool {
	patternParts, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patternParts) != 6 || len(parts) != 6 {
		return false
	}
	for i := range parts {
		if !like(patternParts[i], parts[i]) {
			return false
		}
	}
	return true
}
