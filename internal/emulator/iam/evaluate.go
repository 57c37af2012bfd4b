package iam

import (
	"fmt"
	"iter"
)

// Request asks whether a principal may perform an action on a resource.
type Request struct {
	Principal Principal
	Action    string            // such as s3:PutObject
	Resource  string            // ARN; * if the action has no resource
	Context   map[string]string // condition keys in lower case, with their values
}

// DeniedError reports that the policies deny a request, in the words of AWS.
type DeniedError struct {
	Request Request
	Reason  string
}

func (e *DeniedError) Error() string {
	who := e.Request.Principal.SessionARN
	if who == "" {
		who = e.Request.Principal.Service
	}
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s",
		who, e.Request.Action, e.Request.Resource, e.Reason)
}

// Evaluate returns nil if the policies allow the request, else a *DeniedError. A Deny in any policy
// wins. An Allow counts in an identity policy, and in a resource policy that names the principal.
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
	kind := "identity-based"
	if r.Principal.Service != "" {
		kind = "resource-based"
	}
	reason := fmt.Sprintf("because no %s policy allows the %s action", kind, r.Action)
	return &DeniedError{r, reason}
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
