package emulator

import (
	"errors"
	"fmt"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
)

// statedFunction is a function that runs, with what Lambda itself needs its role for.
type statedFunction struct {
	resource cloudformation.Resource
	name     string
	roleARN  string
	traced   bool
	logGroup string
	queues   []string // ARNs of those that event source mappings take messages from
}

// takes notes that an event source mapping takes messages from a queue to a function.
func (s *stated) takes(function, queueARN string) {
	for _, f := range s.functions {
		if f.name == function {
			f.queues = append(f.queues, queueARN)
		}
	}
}

// enforce reads the policies of all that was made, and lets nothing pass from here on that they do not allow. What AWS
// checks when it makes a function or a mapping is checked now.
func (p *provisioner) enforce() error {
	if p.options.NoPolicies {
		return nil
	}
	set := iam.Policies{Roles: map[string]iam.Role{}, Resources: p.stated.resources, Keys: p.stated.keys}
	for _, f := range p.stated.functions {
		name := lastPart(f.roleARN)
		role, ok := p.stated.roles[name]
		if !ok {
			p.leaveOut("policies of the role of function "+f.name+", which is in no template", 1)
			continue
		}
		documents, err := p.stated.of(name, role)
		if err != nil {
			return &PolicyError{err}
		}
		set.Roles[f.name] = iam.Role{ARN: role.arn, Policies: documents}
		if err := p.checkFunction(set, f); err != nil {
			return &PolicyError{failed(f.resource, err)}
		}
	}
	p.services.guard.Policies = set
	if err := errors.Join(p.checkRoutes(), p.checkKeys()); err != nil {
		return &PolicyError{err}
	}
	return nil
}

// checkRoutes asks for what API Gateway does: it invokes the routes' functions.
func (p *provisioner) checkRoutes() error {
	var errs []error
	for _, a := range p.apis {
		for _, route := range a.settings.Routes {
			method, path, _ := strings.Cut(route.Key, " ")
			source := p.arn("execute-api", a.settings.ID+"/"+a.stage+"/"+method+path)
			err := p.services.guard.AuthorizeService("apigateway.amazonaws.com", source, "lambda:InvokeFunction", p.functionARN(route.Function), nil)
			if err != nil {
				errs = append(errs, fmt.Errorf("route %s of the HTTP API %s: %w", route.Key, a.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// checkKeys asks for what services do with the keys of log groups and buses, in their own name.
func (p *provisioner) checkKeys() error {
	var errs []error
	for _, use := range p.stated.uses {
		for _, action := range []string{"kms:GenerateDataKey", "kms:Decrypt"} {
			if err := p.services.guard.AuthorizeService(use.service, use.source, action, use.key, use.context); err != nil {
				errs = append(errs, failed(use.resource, err))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// checkFunction asks for what Lambda does in the function's name.
func (p *provisioner) checkFunction(set iam.Policies, f *statedFunction) error {
	guard := p.services.guard
	guard.Policies = set
	var errs []error
	if f.traced {
		for _, action := range []string{"PutTraceSegments", "PutTelemetryRecords"} {
			if err := guard.AuthorizeFunction(f.name, "xray:"+action, "*"); err != nil {
				errs = append(errs, fmt.Errorf("the provided execution role does not have permissions to call %s on XRAY: %w", action, err))
			}
		}
	}
	for _, queue := range f.queues {
		for _, action := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
			if err := guard.AuthorizeFunction(f.name, "sqs:"+action, queue); err != nil {
				errs = append(errs, fmt.Errorf("the function execution role does not have permissions to call %s on SQS: %w", action, err))
			}
		}
	}
	stream := p.arn("logs", "log-group:"+f.logGroup+":log-stream:local")
	for _, action := range []string{"CreateLogStream", "PutLogEvents"} {
		if err := guard.AuthorizeFunction(f.name, "logs:"+action, stream); err != nil {
			p.services.silence(f.name, action, err)
			break
		}
	}
	return errors.Join(errs...)
}

// isService tells whether a principal is a service of AWS, such as events.amazonaws.com.
func isService(principal string) bool { return strings.HasSuffix(principal, ".amazonaws.com") }

// lastPart is what follows the last slash.
func lastPart(text string) string { return text[strings.LastIndexByte(text, '/')+1:] }
