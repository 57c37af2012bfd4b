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
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/logs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// PolicyError reports an unusable policy in a template: the emulator can't enforce the policy, or
// the policy lacks permissions that AWS requires.
type PolicyError struct{ Err error }

func (e *PolicyError) Error() string { return e.Err.Error() }

func (e *PolicyError) Unwrap() error { return e.Err }

// iamState collects the roles, policies and keys in the templates. Enforce reads them after all
// stacks are created: only then are the roles of all functions known. Enforce parses only these
// roles' policies.
type iamState struct {
	roles     map[string]role           // by role name
	policies  []*creation               // policies of roles; the properties are unresolved
	resources map[string][]iam.Document // resource policies by the resource's ARN
	functions []*iamFunction
	keys      map[string]string // ARN of an encrypted resource → ARN of its KMS key
	keyChecks []func(*iam.Authorizer) error
}

type role struct {
	*creation // Enforce resolves the properties of the role
	arn       string
}

// iamFunction represents a function. Its fields determine the permissions that the function's role
// must grant to Lambda.
type iamFunction struct {
	resource cloudformation.Resource
	name     string
	roleARN  string
	traced   bool // whether AWS X-Ray traces the function
	logGroup string
	queues   []string // ARNs of the queues that event source mappings read for the function
}

func newIAMState() *iamState {
	return &iamState{
		roles: map[string]role{}, resources: map[string][]iam.Document{}, keys: map[string]string{},
	}
}

// addResource records a resource of the templates. An AWS service may act on the resource only if
// the resource's policy allows the action.
func (s *iamState) addResource(arn string) {
	s.resources[arn] = append(s.resources[arn], iam.Document{})
}

func (s *iamState) addFunction(arn string, f *iamFunction) {
	s.addResource(arn)
	s.functions = append(s.functions, f)
}

// addEventSource records that an event source mapping reads the queue for the function.
func (s *iamState) addEventSource(function, queueARN string) {
	for _, f := range s.functions {
		if f.name == function {
			f.queues = append(f.queues, queueARN)
		}
	}
}

// addResourcePolicy adds a policy to the policies of the resource with the ARN.
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

// documentsOf returns the inline, attached and managed policies of a role.
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
		return nil, fmt.Errorf("parse the policies of role %s: %w", name, err)
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

// isAttachedTo reports whether the policy's properties name the role.
func (c *creation) isAttachedTo(role string) (bool, error) {
	var in struct {
		Roles    []string
		RoleName string
	}
	err := c.decodeNamed(&in)
	return in.RoleName == role || slices.Contains(in.Roles, role), err
}

// decodeNamed works like decode, and adds the resource's logical id and type to an error.
func (c *creation) decodeNamed(target any) error {
	if err := c.decode(target); err != nil {
		return c.resource.WrapError(err)
	}
	return nil
}

type roleProperties struct{ RoleName, Path, PermissionsBoundary string }

// createRole records a role. Enforce later reads the role's policies.
func createRole(c *creation, in roleProperties) (values, error) {
	name := c.name(in.RoleName, 64)
	arn := protocol.ARN("iam", "", c.Account, "role"+cmp.Or(in.Path, "/")+name)
	if in.PermissionsBoundary != "" {
		c.reportNotRun("permissions boundary of role "+name, 1)
	}
	c.iam.roles[name] = role{c, arn}
	return newValues(name, "Arn", arn, "RoleId", "AROA"+c.uniqueSuffix()), nil
}

// createRolePolicy records a policy. Its properties name the roles to which it is attached.
func createRolePolicy(c *creation, _ struct{}) (values, error) {
	c.iam.policies = append(c.iam.policies, c)
	return newValues(c.name("", 128)), nil
}

type managedPolicyProperties struct{ ManagedPolicyName, Path string }

func createManagedPolicy(c *creation, in managedPolicyProperties) (values, error) {
	c.iam.policies = append(c.iam.policies, c)
	name := c.name(in.ManagedPolicyName, 128)
	arn := protocol.ARN("iam", "", c.Account, "policy"+cmp.Or(in.Path, "/")+name)
	return newValues(arn, "PolicyArn", arn), nil
}

// enforcement holds the state of one call of Enforce.
type enforcement struct {
	*Provider
	authorizer *iam.Authorizer
	denyLogs   func(function, operation string, err error)
}

// Enforce passes the policies of all stacks to the authorizer. It returns a *PolicyError if a
// function, event source mapping, route or KMS key lacks a permission that AWS requires.
//
// Enforce calls denyLogs for each function whose role may not write the function's log.
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
		e.reportNotRun("policies of the role of function "+f.name+
			", because no template contains the role", 1)
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

// checkFunction checks that the function's role has the permissions that Lambda itself needs.
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
	stream := e.arn(logs.Name, "log-group:"+f.logGroup+":log-stream:local")
	for _, action := range []string{"CreateLogStream", "PutLogEvents"} {
		if err := e.authorizer.AuthorizeFunction(f.name, "logs:"+action, stream); err != nil {
			e.denyLogs(f.name, action, err)
			break
		}
	}
	return errors.Join(errs...)
}

// checkRoutes checks that API Gateway may invoke the functions of the routes and authorizers.
func (e enforcement) checkRoutes() error {
	var errs []error
	for _, a := range e.APIs {
		for _, call := range a.calls {
			for _, source := range a.sources(call) {
				err := e.authorizer.AuthorizeService("apigateway.amazonaws.com",
					e.arn("execute-api", a.Settings.ID+"/"+source),
					"lambda:InvokeFunction", e.functionARN(call.function), nil)
				if err != nil {
					errs = append(errs,
						fmt.Errorf("%s of the HTTP API %s: %w", call.caller, a.Name, err))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// sources returns call.source for each stage of the API, with the stage's name instead of anyStage.
// If call.source does not begin with anyStage, sources returns only call.source.
func (a *API) sources(call functionCall) []string {
	path, inStage := strings.CutPrefix(call.source, anyStage)
	if !inStage {
		return []string{call.source}
	}
	var sources []string
	for _, stage := range a.Settings.Stages {
		sources = append(sources, stage.Name+path)
	}
	return sources
}
