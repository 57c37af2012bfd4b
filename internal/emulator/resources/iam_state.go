package resources

import (
	"fmt"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
)

// PolicyError reports policies of a template that can't be enforced here, or that do not allow what
// AWS requires.
type PolicyError struct{ Err error }

func (e *PolicyError) Error() string { return e.Err.Error() }

func (e *PolicyError) Unwrap() error { return e.Err }

// iamState collects what templates say about permissions. Enforce reads it when all stacks exist:
// only then are the roles of functions known, and only their policies have to be supported.
type iamState struct {
	roles     map[string]role           // by name
	policies  []*creation               // of roles; Enforce resolves their properties
	resources map[string][]iam.Document // resource policies by ARN
	functions []*iamFunction
	keys      map[string]string // ARN of the KMS key by ARN of what it encrypts
	keyChecks []func(*iam.Authorizer) error
}

type role struct {
	*creation // Enforce resolves its properties
	arn       string
}

// iamFunction represents a function, with what Lambda needs its role for.
type iamFunction struct {
	resource cloudformation.Resource
	name     string
	roleARN  string
	traced   bool // by AWS X-Ray
	logGroup string
	queues   []string // ARNs of its event sources
}

func newIAMState() *iamState {
	return &iamState{
		roles: map[string]role{}, resources: map[string][]iam.Document{}, keys: map[string]string{},
	}
}

// addResource records a resource on which services may act only if its policy allows it.
func (s *iamState) addResource(arn string) {
	s.resources[arn] = append(s.resources[arn], iam.Document{})
}

func (s *iamState) addFunction(arn string, f *iamFunction) {
	s.addResource(arn)
	s.functions = append(s.functions, f)
}

// addEventSource records that an event source mapping reads a queue for a function.
func (s *iamState) addEventSource(function, queueARN string) {
	for _, f := range s.functions {
		if f.name == function {
			f.queues = append(f.queues, queueARN)
		}
	}
}

// addResourcePolicy records the policy of a resource.
func (p *Provider) addResourcePolicy(arn string, policy document) error {
	if p.NoPolicies {
		return nil
	}
	parsed, err := iam.ParseResourcePolicy(policy)
	if err != nil {
		return &PolicyError{err}
	}
	p.iam.resources[arn] = append(p.iam.resources[arn], parsed)
	return nil
}

// documentsOf returns the policies of a role: inline, attached and managed ones.
func (s *iamState) documentsOf(name string, r role) ([]iam.Document, error) {
	var in struct {
		Policies          []struct{ PolicyDocument document }
		ManagedPolicyArns []string
	}
	if err := r.decodeNamed(&in); err != nil {
		return nil, err
	}
	var texts []document
	for _, inline := range in.Policies {
		texts = append(texts, inline.PolicyDocument)
	}
	for _, policy := range s.policies {
		attached, err := policy.isAttachedTo(name)
		if err != nil {
			return nil, err
		}
		arn := policy.stack.Values[policy.resource.LogicalID].Ref
		if i := slices.Index(in.ManagedPolicyArns, arn); i >= 0 {
			attached, in.ManagedPolicyArns = true, slices.Delete(in.ManagedPolicyArns, i, i+1)
		}
		if !attached {
			continue
		}
		var properties struct{ PolicyDocument document }
		if err := policy.decodeNamed(&properties); err != nil {
			return nil, err
		}
		texts = append(texts, properties.PolicyDocument)
	}
	documents, err := parsePolicies(texts, in.ManagedPolicyArns)
	if err != nil {
		return nil, fmt.Errorf("the policies of role %s: %w", name, err)
	}
	return documents, nil
}

func parsePolicies(texts []document, managedARNs []string) ([]iam.Document, error) {
	var documents []iam.Document
	for _, text := range texts {
		parsed, err := iam.ParseIdentityPolicy(text)
		if err != nil {
			return nil, err
		}
		documents = append(documents, parsed)
	}
	for _, arn := range managedARNs {
		managed, err := iam.ManagedPolicy(arn)
		if err != nil {
			return nil, err
		}
		documents = append(documents, managed)
	}
	return documents, nil
}

// isAttachedTo reports whether the policy names the role.
func (c *creation) isAttachedTo(role string) (bool, error) {
	var in struct {
		Roles    []string
		RoleName string
	}
	err := c.decodeNamed(&in)
	return in.RoleName == role || slices.Contains(in.Roles, role), err
}

// decodeNamed calls decode, and names the resource in its error.
func (c *creation) decodeNamed(into any) error {
	if err := c.decode(into); err != nil {
		return c.resource.WrapError(err)
	}
	return nil
}
