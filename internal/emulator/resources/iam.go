package resources

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

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

type roleProperties struct{ RoleName, Path, PermissionsBoundary string }

// createRole records a role. Its policies are read by Enforce, when all policies are known.
func createRole(c *creation, in roleProperties) (values, error) {
	name := c.name(in.RoleName, 64)
	arn := "arn:aws:iam::" + c.Account + ":role" + cmp.Or(in.Path, "/") + name
	if in.PermissionsBoundary != "" {
		c.reportNotRun("permissions boundary of role "+name, 1)
	}
	c.iam.roles[name] = role{c, arn}
	return created(name, "Arn", arn, "RoleId", "AROA"+c.suffix()), nil
}

// createRolePolicy records a policy that names the roles it is attached to.
func createRolePolicy(c *creation, _ struct{}) (values, error) {
	c.iam.policies = append(c.iam.policies, c)
	return created(c.name("", 128)), nil
}

func createManagedPolicy(c *creation, _ struct{}) (values, error) {
	c.iam.policies = append(c.iam.policies, c)
	arn := "arn:aws:iam::" + c.Account + ":policy/" + c.name("", 128)
	return created(arn, "PolicyArn", arn), nil
}

// enforcement represents a call of Enforce.
type enforcement struct {
	*Provider
	authorizer *iam.Authorizer
	denyLogs   func(function, operation string, err error)
}

// Enforce gives the policies of all stacks to the authorizer. It returns a *PolicyError if they do
// not allow what AWS checks when it creates a function, an event source mapping or a route, or what
// services do with keys. It calls denyLogs for each function whose role may not write its log.
func (p *Provider) Enforce(
	authorizer *iam.Authorizer, denyLogs func(function, operation string, err error),
) error {
	if p.NoPolicies {
		return nil
	}
	e := enforcement{p, authorizer, denyLogs}
	authorizer.Policies = iam.Policies{
		Roles: map[string]iam.Role{}, Resources: p.iam.resources, Keys: p.iam.keys,
	}
	for _, f := range p.iam.functions {
		if err := e.addFunction(f); err != nil {
			return &PolicyError{err}
		}
	}
	errs := []error{e.checkRoutes()}
	for _, check := range p.iam.keyChecks {
		errs = append(errs, check(authorizer))
	}
	if err := errors.Join(errs...); err != nil {
		return &PolicyError{err}
	}
	return nil
}

func (e enforcement) addFunction(f *iamFunction) error {
	name := path.Base(f.roleARN)
	role, ok := e.iam.roles[name]
	if !ok {
		e.reportNotRun("policies of the role of function "+f.name+", which is in no template", 1)
		return nil
	}
	documents, err := e.iam.documentsOf(name, role)
	if err != nil {
		return err
	}
	e.authorizer.Policies.Roles[f.name] = iam.Role{ARN: role.arn, Policies: documents}
	if err := e.checkFunction(f); err != nil {
		return f.resource.WrapError(err)
	}
	return nil
}

// checkFunction checks what Lambda does under the role of a function.
func (e enforcement) checkFunction(f *iamFunction) error {
	var errs []error
	require := func(role, service, resource string, actions ...string) {
		for _, action := range actions {
			full := strings.ToLower(service) + ":" + action
			if err := e.authorizer.AuthorizeFunction(f.name, full, resource); err != nil {
				errs = append(errs, fmt.Errorf("the %s execution role "+
					"does not have permissions to call %s on %s: %w", role, action, service, err))
			}
		}
	}
	if f.traced {
		require("provided", "XRAY", "*", "PutTraceSegments", "PutTelemetryRecords")
	}
	for _, queue := range f.queues {
		require("function", "SQS", queue, "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
	}
	stream := e.arn("logs", "log-group:"+f.logGroup+":log-stream:local")
	for _, action := range []string{"CreateLogStream", "PutLogEvents"} {
		if err := e.authorizer.AuthorizeFunction(f.name, "logs:"+action, stream); err != nil {
			e.denyLogs(f.name, action, err)
			break
		}
	}
	return errors.Join(errs...)
}

// checkRoutes checks that API Gateway may invoke the functions of routes.
func (e enforcement) checkRoutes() error {
	var errs []error
	for _, a := range e.APIs {
		for _, route := range a.Settings.Routes {
			method, path, _ := strings.Cut(route.Key, " ")
			source := e.arn("execute-api", a.Settings.ID+"/"+a.stage+"/"+method+path)
			err := e.authorizer.AuthorizeService("apigateway.amazonaws.com", source,
				"lambda:InvokeFunction", e.functionARN(route.Function), nil)
			if err != nil {
				errs = append(
					errs,
					fmt.Errorf("route %s of the HTTP API %s: %w", route.Key, a.Name, err),
				)
			}
		}
	}
	return errors.Join(errs...)
}
