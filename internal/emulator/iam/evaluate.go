package iam

import (
	"cmp"
	"fmt"
	"iter"
)

// Request describes an action that a principal wants to perform on a resource.
type Request struct {
	Principal Principal
	Action    string            // such as s3:PutObject
	Resource  string            // ARN; * if the action has no resource
	Context   map[string]string // values by condition key; the keys are in lower case
	Caller    map[string]string // more values, which all requests of a caller have
}

// conditionValue returns the value of a condition key.
func (r Request) conditionValue(key string) (value string, present bool) {
	if value, present = r.Context[key]; !present {
		value, present = r.Caller[key]
	}
	return value, present
}

// DeniedError reports that the policies deny a request. The error text has the same form as in AWS.
type DeniedError struct {
	Request Request
	Reason  string
}

func (e *DeniedError) Error() string {
	who := cmp.Or(e.Request.Principal.SessionARN, e.Request.Principal.Service)
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s",
		who, e.Request.Action, e.Request.Resource, e.Reason)
}

// Evaluate returns nil if the policies allow the request, and a *DeniedError if not:
//
//   - A Deny in any policy denies the request.
//   - Without a Deny, one Allow is enough.
//   - In a resource policy, the Allow must apply to the principal itself, not only to its account.
func Evaluate(r Request, identity, resource []Document) error {
	direct, _, err := evaluateResource(r, resource)
	if err != nil {
		return err
	}
	allowed, err := evaluateIdentity(r, identity)
	if err != nil || allowed || direct {
		return err
	}
	if r.Principal.Service != "" {
		return notAllowed(r, "resource-based")
	}
	return notAllowed(r, "identity-based")
}

// evaluateKey returns nil if the policy of a KMS key allows the request. Otherwise it returns a
// *DeniedError. Identity policies count only if the key's policy allows the account.
func evaluateKey(r Request, identity, key []Document) error {
	direct, account, err := evaluateResource(r, key)
	if err != nil {
		return err
	}
	allowed, err := evaluateIdentity(r, identity)
	if err != nil || direct || account && allowed {
		return err
	}
	if !account {
		return notAllowed(r, "resource-based")
	}
	return notAllowed(r, "identity-based")
}

// evaluateResource reports whether resource policies allow the request for the principal itself,
// and for its account. It returns a *DeniedError if a policy denies the request.
func evaluateResource(r Request, documents []Document) (direct, account bool, err error) {
	for s := range statements(documents) {
		forPrincipal, forAccount := matchPrincipal(s.principals, r.Principal)
		if !forPrincipal && !forAccount || !s.matches(r) {
			continue
		}
		if s.deny {
			return false, false,
				&DeniedError{r, "with an explicit deny in a resource-based policy"}
		}
		direct, account = direct || forPrincipal, account || forAccount
	}
	return direct, account, nil
}

// evaluateIdentity reports whether identity policies allow the request. It returns a *DeniedError
// if a policy denies the request.
func evaluateIdentity(r Request, documents []Document) (allowed bool, err error) {
	for s := range statements(documents) {
		if !s.matches(r) {
			continue
		}
		if s.deny {
			return false, &DeniedError{r, "with an explicit deny in an identity-based policy"}
		}
		allowed = true
	}
	return allowed, nil
}

func notAllowed(r Request, kind string) error {
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
