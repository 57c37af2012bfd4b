package apigateway

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
)

// policyDocument is an IAM policy that an authorizer function answers with.
type policyDocument struct {
	Statement oneOrMany[statement]
}

type statement struct {
	Effect                                       string
	Action, Resource                             oneOrMany[string]
	NotAction, NotResource, Condition, Principal json.RawMessage // which are not understood here
}

// oneOrMany is a list, of which IAM lets a single one stand for itself.
type oneOrMany[T any] []T

func (o *oneOrMany[T]) UnmarshalJSON(data []byte) error {
	var one T
	if json.Unmarshal(data, &one) == nil {
		*o = oneOrMany[T]{one}
		return nil
	}
	return json.Unmarshal(data, (*[]T)(o))
}

// allows tells whether the policy lets the route be invoked: one statement allows it, and none denies it.
func (p policyDocument) allows(arn string) (bool, error) {
	allowed, denied := false, false
	for _, s := range p.Statement {
		if s.NotAction != nil || s.NotResource != nil || s.Condition != nil || s.Principal != nil {
			return false, errors.New("the authorizer function's policy has more than Effect, Action and Resource, which is not understood here")
		}
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return false, errors.New("the authorizer function's policy has an Effect other than Allow and Deny")
		}
		if !matches(s.Action, "execute-api:invoke", strings.ToLower) || !matches(s.Resource, arn, asItIs) {
			continue
		}
		allowed, denied = allowed || s.Effect == "Allow", denied || s.Effect == "Deny"
	}
	return allowed && !denied, nil
}

// matches tells whether one of the patterns does: * stands for any text, ? for a character. Actions come in any case.
func matches(patterns []string, text string, fold func(string) string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		expression := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(fold(pattern)))
		return regexp.MustCompile(`(?s)^(?:` + expression + `)$`).MatchString(text)
	})
}

func asItIs(text string) string { return text }
