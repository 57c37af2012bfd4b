package resources

import (
	"errors"
	"fmt"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
)

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
	name := afterLastSlash(f.roleARN)
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
