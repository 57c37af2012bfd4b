// Package iam decides as IAM does whether a caller may do what it asks of AWS's APIs: by the statements of the
// synthesized template, those of the caller's role and those of the resource.
//
// It knows what templates of event pipelines use. Of what it doesn't know (a condition operator, a condition key, a policy
// variable) it says so when the policy is read: a condition that was passed over would allow here what AWS denies.
package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Document is a policy of an identity or of a resource. The zero value has no statements.
type Document struct{ statements []statement }

// statement is one of a document's.
type statement struct {
	deny       bool
	principals []statementPrincipal // of a resource's policy; nil in an identity's
	actions    patterns
	resources  patterns
	conditions []condition
}

// policyKind is whose policy a document is: a resource's names principals, an identity's never.
type policyKind bool

const (
	identityPolicy policyKind = false
	resourcePolicy policyKind = true
)

// ParseIdentityPolicy reads a policy of a role.
func ParseIdentityPolicy(document []byte) (Document, error) { return parse(document, identityPolicy) }

// ParseResourcePolicy reads a policy of a bucket, a queue, a key or the like.
func ParseResourcePolicy(document []byte) (Document, error) { return parse(document, resourcePolicy) }

func parse(document []byte, k policyKind) (Document, error) {
	var in struct {
		Version, ID string
		Statement   oneOrMany[statementJSON]
	}
	if err := decodeStrictly(document, &in); err != nil {
		return Document{}, fmt.Errorf("read the policy: %w", err)
	}
	var d Document
	for i, s := range in.Statement {
		read, err := s.parse(k)
		if err != nil {
			return Document{}, fmt.Errorf("statement %d: %w", i+1, err)
		}
		d.statements = append(d.statements, read)
	}
	return d, nil
}

// statementJSON is a statement as templates have it.
type statementJSON struct {
	Sid, Effect           string
	Principal             json.RawMessage
	NotPrincipal          json.RawMessage
	Action, NotAction     oneOrMany[string]
	Resource, NotResource oneOrMany[string]
	Condition             map[string]map[string]oneOrMany[scalar]
}

func (s statementJSON) parse(k policyKind) (statement, error) {
	out := statement{deny: s.Effect == "Deny"}
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return out, fmt.Errorf("its Effect is %q", s.Effect)
	}
	if s.NotPrincipal != nil {
		return out, errors.New("the local platform does not know NotPrincipal")
	}
	if (s.Principal != nil) != bool(k) {
		return out, errors.New("policies of resources have a Principal, those of roles have none")
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
	if out.resources, err = parsePatterns("Resource", s.Resource, s.NotResource, exactCase); err != nil {
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

// matches tells whether the statement is about the request.
func (s statement) matches(r Request) bool {
	return s.actions.match(r.Action) && s.resources.match(r.Resource) &&
		!slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(r) })
}

// oneOrMany is a value or a list of values.
type oneOrMany[T any] []T

func (o *oneOrMany[T]) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		return decodeStrictly(raw, (*[]T)(o))
	}
	var one T
	if err := decodeStrictly(raw, &one); err != nil {
		return err
	}
	*o = []T{one}
	return nil
}

// scalar is a condition's value: a string, or a number or boolean, which stands for its text.
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
	return fmt.Errorf("%s is no value of a condition", raw)
}

// decodeStrictly refuses what the struct has no field for.
func decodeStrictly(raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind it")
	}
	return nil
}
