package protocol

// Permission represents the permission to perform an action on a resource.
type Permission struct {
	Action, Resource string            // such as sqs:SendMessage and the ARN of a queue
	Context          map[string]string // values of the action's condition keys, in lower case
}

// Scope names the account and the region of the emulated services.
type Scope struct{ Region, Account string }

// ARN returns the ARN of a resource in the account and the region.
func (s Scope) ARN(service, resource string) string {
	return ARN(service, s.Region, s.Account, resource)
}
