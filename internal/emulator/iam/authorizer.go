package iam

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Authorizer rejects the AWS API calls that the policies do not allow. All callers except functions
// are administrators of the account. Only resource policies can deny an administrator's calls.
type Authorizer struct {
	Policies        Policies
	Region, Account string
	Services        protocol.Services
	// FunctionOf returns the name of the function that signs its calls with the access key.
	FunctionOf func(accessKey string) (name string, ok bool)
	// Report is called for each denial. It must be safe for concurrent use.
	Report func(Denial)

	known *sync.Map // callers by function name; nil if they are not cached
}

// Denial describes a call that was denied.
type Denial struct{ Caller, Service, Operation, Message string }

// caller holds the principal that makes a call. It also holds the identity-based policies of this
// principal.
type caller struct {
	name      string
	principal Principal
	policies  []Document
	admin     bool
	context   map[string]string // see Request.Caller
}

// Wrap returns a handler that passes allowed calls to the handler next. It responds to all other
// calls with an error.
func (a Authorizer) Wrap(next http.Handler) http.Handler {
	a.known = new(sync.Map)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := a.Services.ReadCall(r)
		who, known := a.caller(call.AccessKey)
		// Unsigned calls, such as calls of the Runtime API, need no permissions. The next handler
		// rejects a call that names no service.
		if !known || call.AccessKey == "" || call.Service == "" {
			next.ServeHTTP(w, r)
			return
		}
		err := a.authorizeCall(call, r, who)
		// The caller stopped sending the body, for example because the emulator killed the
		// function. No policy denies the call, so it is not reported.
		if _, ok := errors.AsType[*protocol.IncompleteError](err); ok {
			protocol.WriteError(w, call.Service, http.StatusBadRequest, "IncompleteBody",
				"the body of the request is incomplete")
			return
		}
		if err != nil {
			a.deny(w, call, who, err)
			return
		}
		a.serve(w, r, next, call, who)
	})
}

// administrator contains the policy for all callers except functions. The AWS CLI is such a caller.
var administrator = []Document{policyAllowing("*")}

// caller returns the caller that signs with the access key. It returns false for a function whose
// role is not in a template, because the role's permissions are unknown.
func (a Authorizer) caller(accessKey string) (caller, bool) {
	name, ok := a.FunctionOf(accessKey)
	if !ok {
		user := protocol.ARN("iam", "", a.Account, "user/local")
		principal := Principal{a.Account, user, user, ""}
		context := a.callerContext(principal)
		return caller{"local", principal, administrator, true, context}, true
	}
	if a.known == nil {
		return a.functionCaller(name)
	}
	if who, ok := a.known.Load(name); ok {
		return who.(caller), true
	}
	who, ok := a.functionCaller(name)
	if ok {
		a.known.Store(name, who)
	}
	return who, ok
}

// callerContext returns the values of the condition keys that do not depend on the call. It sets
// aws:SecureTransport to true even without TLS, because some policies require TLS.
func (a Authorizer) callerContext(p Principal) map[string]string {
	return map[string]string{
		"aws:securetransport": "true", "s3:tlsversion": "1.3",
		"aws:viaawsservice": "false", "aws:requestedregion": a.Region,
		"aws:principalarn": p.RoleARN, "aws:principalaccount": a.Account,
	}
}

// functionCaller returns the caller for requests of a Lambda function. It returns false if the
// function's role is unknown.
func (a Authorizer) functionCaller(name string) (caller, bool) {
	role, ok := a.Policies.Roles[name]
	if !ok {
		return caller{}, false
	}
	session := protocol.ARN("sts", "", a.Account,
		"assumed-role/"+path.Base(role.ARN)+"/"+name)
	principal := Principal{Account: a.Account, RoleARN: role.ARN, SessionARN: session}
	context := a.callerContext(principal)
	context["lambda:sourcefunctionarn"] = protocol.ARN(protocol.Lambda, a.Region, a.Account,
		"function:"+name)
	return caller{name, principal, role.Policies, false, context}, true
}

func (a Authorizer) authorizeCall(call protocol.Call, r *http.Request, who caller) error {
	required, err := a.requiredPermissions(call, r)
	if err != nil && !who.admin {
		return fmt.Errorf("%s is not authorized: the emulator can't tell which permissions "+
			"the call needs: %w", "User: "+who.principal.SessionARN, err)
	}
	for _, p := range required {
		if err := a.authorize(who, p); err != nil {
			return err
		}
	}
	return nil
}

// requiredPermissions returns the permissions that a call needs. The next handler can still read
// the body of the request.
func (a Authorizer) requiredPermissions(
	call protocol.Call, r *http.Request,
) ([]protocol.Permission, error) {
	service := a.Services.Find(call.Service)
	if service.Operation != nil && call.Operation == "" {
		return nil, fmt.Errorf("the emulator does not know the call %s %s", r.Method, r.URL.Path)
	}
	if service.Permissions == nil {
		// The resource is unknown. Only a policy for all resources allows this call.
		return []protocol.Permission{{
			Action: call.Service + ":" + call.Operation, Resource: "*",
		}}, nil
	}
	scope := protocol.Scope{Region: a.Region, Account: a.Account}
	return service.Permissions(scope, call.Operation, r)
}

// authorize checks a permission. If a KMS key encrypts the resource, it also checks the permissions
// for the key.
func (a Authorizer) authorize(who caller, p protocol.Permission) error {
	if err := a.evaluate(who, p); err != nil {
		return err
	}
	for _, k := range a.keyPermissions(p) {
		if err := a.evaluate(who, k); err != nil {
			return err
		}
	}
	return nil
}

func (a Authorizer) evaluate(who caller, p protocol.Permission) error {
	request := Request{who.principal, p.Action, p.Resource, p.Context, who.context}
	return a.Policies.Evaluate(request, who.policies)
}

// AuthorizeFunction returns nil if the function's role is unknown or may perform the action.
// Otherwise it returns a *DeniedError.
func (a Authorizer) AuthorizeFunction(function, action, resource string) error {
	who, ok := a.functionCaller(function)
	if !ok {
		return nil
	}
	return a.authorize(who, protocol.Permission{Action: action, Resource: resource})
}

// AuthorizeService returns nil if the AWS service may perform the action on behalf of source, such
// as the ARN of a rule. Otherwise it returns a *DeniedError.
//
// context holds the values of more condition keys. These keys must be in lower case.
func (a Authorizer) AuthorizeService(
	service, source, action, resource string, context map[string]string,
) error {
	keys := map[string]string{
		"aws:securetransport": "true", "aws:requestedregion": a.Region,
		"aws:sourcearn": source, "aws:sourceaccount": a.Account,
	}
	maps.Copy(keys, context)
	principal := Principal{Account: a.Account, Service: service}
	return a.Policies.Evaluate(Request{principal, action, resource, keys, nil}, nil)
}

// serve serves an allowed call. If the resource does not exist and the caller has no permission to
// learn this, serve denies the call.
func (a Authorizer) serve(
	w http.ResponseWriter, r *http.Request, next http.Handler, call protocol.Call, who caller,
) {
	err := a.authorizeNotFound(call, r, who)
	if err == nil {
		next.ServeHTTP(w, r)
		return
	}
	filter := &notFoundFilter{ResponseWriter: w}
	next.ServeHTTP(filter, r)
	if filter.notFound {
		a.deny(w, call, who, err)
	}
}

// authorizeNotFound returns an error if the caller has no permission to learn whether the requested
// resource exists.
func (a Authorizer) authorizeNotFound(call protocol.Call, r *http.Request, who caller) error {
	required := a.Services.Find(call.Service).NotFoundPermission
	if required == nil {
		return nil
	}
	p, ok := required(call.Operation, r)
	if !ok {
		return nil
	}
	return a.evaluate(who, p)
}

// notFoundFilter discards a response with the status 404.
type notFoundFilter struct {
	http.ResponseWriter
	notFound bool
}

func (f *notFoundFilter) WriteHeader(status int) {
	if f.notFound = status == http.StatusNotFound; !f.notFound {
		f.ResponseWriter.WriteHeader(status)
	}
}

func (f *notFoundFilter) Write(p []byte) (int, error) {
	if f.notFound {
		return len(p), nil
	}
	return f.ResponseWriter.Write(p)
}

// deny reports a denial and responds with the error code that the service uses for denials.
func (a Authorizer) deny(w http.ResponseWriter, call protocol.Call, who caller, err error) {
	a.Report(Denial{who.name, call.Service, call.Operation, err.Error()})
	service := a.Services.Find(call.Service)
	response := service.Denied
	var denied *DeniedError
	if errors.As(err, &denied) && strings.HasPrefix(denied.Request.Action, "kms:") {
		response = service.KeyDenied
	}
	clear(w.Header()) // remove the headers of the discarded response
	protocol.WriteError(w, call.Service, response.Status, response.Code, err.Error())
}
