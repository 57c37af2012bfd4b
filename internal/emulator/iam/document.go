// Package iam decides whether a caller may perform an AWS API call. Like AWS IAM, it evaluates the
// policies of the caller's role and of the resource.
//
// The policies come from the synthesized template. If an API call sets a queue's policy, only
// EventBridge's deliveries use the new policy.
//
// The package rejects policies with policy variables, or with condition operators or keys that it
// does not support. If it ignored a condition, it could allow a call that AWS denies.
package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Document represents an identity or resource policy. The zero value has no statements.
type Document struct{ statements []statement }

// statement represents a statement of a policy.
type statement struct {
	deny       bool
	principals []statementPrincipal // nil in an identity policy
	actions    patterns
	resources  patterns
	conditions []condition
}

// policyKind distinguishes identity policies from resource policies.
type policyKind bool

const (
	identityPolicy policyKind = false
	resourcePolicy policyKind = true
)

// ParseIdentityPolicy parses a policy of a role.
func ParseIdentityPolicy(document []byte) (Document, error) {
	return parse(document, identityPolicy)
}

// ParseResourcePolicy parses a policy of a bucket, queue, KMS key or other resource.
func ParseResourcePolicy(document []byte) (Document, error) {
	return parse(document, resourcePolicy)
}

func parse(document []byte, kind policyKind) (Document, error) {
	var in struct {
		Version   string
		ID        string `json:"Id"`
		Statement oneOrMany[statementJSON]
	}
	if err := protocol.DecodeStrict(document, &in); err != nil {
		return Document{}, fmt.Errorf("parse policy: %w", err)
	}
	var d Document
	for i, s := range in.Statement {
		parsed, err := s.parse(kind)
		if err != nil {
			return Document{}, fmt.Errorf("statement %d: %w", i+1, err)
		}
		d.statements = append(d.statements, parsed)
	}
	return d, nil
}

// statementJSON represents a statement in JSON.
type statementJSON struct {
	Sid, Effect           string
	Principal             json.RawMessage
	NotPrincipal          json.RawMessage
	Action, NotAction     oneOrMany[string]
	Resource, NotResource oneOrMany[string]
	Condition             map[string]map[string]oneOrMany[scalar]
}

func (s statementJSON) parse(kind policyKind) (statement, error) {
	out := statement{deny: s.Effect == "Deny"}
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return out, fmt.Errorf("the Effect must be Allow or Deny, got %q", s.Effect)
	}
	if s.NotPrincipal != nil {
		return out, errors.New("the emulator does not support NotPrincipal")
	}
	switch hasPrincipal := s.Principal != nil; {
	case hasPrincipal && kind == identityPolicy:
		return out, errors.New("an identity policy must not have a Principal")
	case !hasPrincipal && kind == resourcePolicy:
		return out, errors.New("a resource policy must have a Principal")
	}
	var err error
	if s.Principal != nil {
		if out.principals, err = parsePrincipals(s.Principal); err != nil {
			return out, err
		}
	}
	if out.actions, err = parsePatterns("Action", s.Action, s.NotAction, foldCase); err != nil {
		return out, err
	}
	out.resources, err = parsePatterns("Resource", s.Resource, s.NotResource, exactCase)
	if err != nil {
		return out, err
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			c, err := parseCondition(operator, key, values)
			if err != nil {
				return out, err
			}
			out.conditions = append(out.conditions, c)
		}
	}
	return out, nil
}

// matches reports whether the statement applies to the request.
func (s statement) matches(r Request) bool {
	return s.actions.match(r.Action) && s.resources.match(r.Resource) &&
		!slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(r) })
}

// HasConditions reports whether any statement has a condition.
func (d Document) HasConditions() bool {
	return slices.ContainsFunc(d.statements, func(s statement) bool {
		return len(s.conditions) > 0
	})
}

// oneOrMany holds a value or a list of values.
type oneOrMany[T any] []T

func (o *oneOrMany[T]) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		return protocol.DecodeStrict(raw, (*[]T)(o))
	}
	var one T
	if err := protocol.DecodeStrict(raw, &one); err != nil {
		return err
	}
	*o = []T{one}
	return nil
}

// scalar holds a condition value: a string, or the text of a number or boolean.
type scalar string

func (s *scalar) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*s = scalar(text)
		return nil
	}
	if !bytes.ContainsAny(raw, "{[") && string(raw) != "null" {
		*s = scalar(raw)
		return nil
	}
	return fmt.Errorf("a condition value must be a string, number or boolean, got %s", raw)
}
