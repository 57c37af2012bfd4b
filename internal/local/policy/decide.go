package policy

import "fmt"

// Request asks whether a principal may do one action on one resource.
type Request struct {
	Principal Principal
	Action    string              // such as s3:PutObject
	Resource  string              // ARN, or * for an action that is on none
	Context   map[string][]string // values of condition keys, which are in lower case
}

func (r Request) values(key string) ([]string, bool) {
	values, ok := r.Context[key]
	return values, ok
}

// DeniedError says that the policies do not allow what was asked for. Its text is AWS's.
type DeniedError struct {
	Request Request
	Reason  string
}

func (e *DeniedError) Error() string {
	who := e.Request.Principal.Session
	if who == "" {
		who = e.Request.Principal.Service
	}
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", who, e.Request.Action, e.Request.Resource, e.Reason)
}

// Decide returns nil or a *DeniedError. Either of the two policies denies; either allows, the resource's when it names
// the principal itself. An identity's documents are those of its role.
func Decide(r Request, identity []Document, resource Document) error {
	allowed := false
	for _, s := range resource.statements {
		direct, account := hold(s.principals, r.Principal)
		if !direct && !account || !s.matches(r) {
			continue
		}
		if s.deny {
			return &DeniedError{r, "with an explicit deny in a resource-based policy"}
		}
		allowed = allowed || direct
	}
	for _, document := range identity {
		for _, s := range document.statements {
			if !s.matches(r) {
				continue
			}
			if s.deny {
				return &DeniedError{r, "with an explicit deny in an identity-based policy"}
			}
			allowed = true
		}
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
