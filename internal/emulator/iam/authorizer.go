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

// caller identifies the principal that makes a call and the principal's identity-based policies.
type caller struct {
	name      string
	principal Principal
	policies  []Document
	admin     bool
	context   map[string]string // see Request.Caller
}

// Wrap returns a handler that calls next for allowed calls. It responds to other calls with an
// error.
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
		if errors.Is(err, errIncomplete) { // no policy denies the call, so it is not reported
			protocol.WriteError(w, call.Service, http.StatusBadRequest, "IncompleteBody",
				errIncomplete.Error())
			return
		}
		if err != nil {
			a.deny(w, call, who, err)
			return
		}
		if call.Operation == "GetObject" || call.Operation == "HeadObject" {
			a.hideNotFound(w, r, next, call, who)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// administrator contains the policy for callers that are not functions, such as the AWS CLI.
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

// callerContext returns the condition keys that depend only on the caller. It sets
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
	context["lambda:sourcefunctionarn"] = a.arn("lambda", "function:"+name)
	return caller{name, principal, role.Policies, false, context}, true
}

// errIncomplete reports that the caller stopped sending the body, for example because the emulator
// killed the function.
var errIncomplete = errors.New("the body of the request is incomplete")

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
func (a Authorizer) requiredPermissions(call protocol.Call, r *http.Request) ([]permission, error) {
	var body []byte
	if call.Service != "s3" && call.Service != "lambda" || call.Operation == "DeleteObjects" {
		var err error
		body, err = protocol.ReadBody(r, protocol.MaxJSONBody)
		if _, tooLarge := errors.AsType[*protocol.TooLargeError](err); tooLarge {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errIncomplete, err)
		}
	}
	return a.permissions(call, r, body)
}

// authorize checks a permission. If a KMS key encrypts the resource, it also checks the permissions
// for the key.
func (a Authorizer) authorize(who caller, p permission) error {
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

func (a Authorizer) evaluate(who caller, p permission) error {
	request := Request{who.principal, p.action, p.resource, p.context, who.context}
	return a.Policies.Evaluate(request, who.policies)
}

// AuthorizeFunction returns nil if the function's role is unknown or may perform the action.
// Otherwise it returns a *DeniedError.
func (a Authorizer) AuthorizeFunction(function, action, resource string) error {
	who, ok := a.functionCaller(function)
	if !ok {
		return nil
	}
	return a.authorize(who, permission{action: action, resource: resource})
}

// AuthorizeService returns nil if the AWS service may perform the action on behalf of the source.
// Otherwise it returns a *DeniedError. source is an ARN, for example of a rule. context maps
// additional condition keys to values. The keys must be in lower case.
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

// hideNotFound serves GetObject and HeadObject. As in S3, a caller without permission to list the
// bucket gets AccessDenied for a missing object.
func (a Authorizer) hideNotFound(
	w http.ResponseWriter, r *http.Request, next http.Handler, call protocol.Call, who caller,
) {
	bucket, key := protocol.S3Object(r)
	err := a.evaluate(who, permission{
		"s3:ListBucket", objectARN(bucket, ""), map[string]string{"s3:prefix": key},
	})
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

// deny reports a denial and responds with the error code of the service.
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
