package iam

import (
	"fmt"
	"iter"
)

// Request asks whether a principal may do one action on one resource.
type Request struct {
	Principal Principal
	Action    string            // such as s3:PutObject
	Resource  string            // ARN, or * for an action that is on none
	Context   map[string]string // values of condition keys, which are in lower case
}

// DeniedError says that the policies do not allow what was asked for. Its text is AWS's.
type DeniedError struct {
	Request Request
	Reason  string
}

func (e *DeniedError) Error() string {
	who := e.Request.Principal.SessionARN
	if who == "" {
		who = e.Request.Principal.Service
	}
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", who, e.Request.Action, e.Request.Resource, e.Reason)
}

func statements(documents []Document) iter.Seq[statement] {
	return func(yield func(statement) bool) {
		for _, d := range documents {
			for _, s := range d.statements {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// Evaluate returns nil or a *DeniedError. Either kind of policies denies; either allows, the resource's when they name
// the principal itself. An identity's documents are those of its role.
func Evaluate(r Request, identity, resource []Document) error {
	allowed := false
	for s := range statements(resource) {
		direct, account := matchPrincipal(s.principals, r.Principal)
		if !direct && !account || !s.matches(r) {
			continue
		}
		if s.deny {
			return &DeniedError{r, "with an explicit deny in a resource-based policy"}
		}
		allowed = allowed || direct
	}
	for s := range statements(identity) {
		if !s.matches(r) {
			continue
		}
		if s.deny {
			return &DeniedError{r, "with an explicit deny in an identity-based policy"}
		}
		allowed = true
	}
	if allowed {
		return nil
	}
	which := "identity-based"
	if r.Principal.Service != "" {
		which = "resource-based"
	}
	return &DeniedError{r, fmt.Sprintf("because no %s policy allows the %s action", which, r.Action)}
}
