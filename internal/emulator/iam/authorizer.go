package iam

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Authorizer rejects the AWS API calls that the policies do not allow. A caller that is not a
// function is the account's administrator: only resource policies can deny its calls.
type Authorizer struct {
	Policies        Policies
	Region, Account string
	Targets         protocol.Targets
	// FunctionOf returns the function whose calls are signed with an access key.
	FunctionOf func(accessKey string) (name string, ok bool)
	// Report receives every denial. Many goroutines call it at once.
	Report func(Denial)
}

// Denial describes a call that was denied.
type Denial struct{ Caller, Service, Operation, Message string }

// caller identifies who makes a call, with its identity-based policies.
type caller struct {
	name      string
	principal Principal
	policies  []Document
	admin     bool
}

// Wrap returns a handler that passes allowed calls to next and answers the others with an error.
func (a Authorizer) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := a.Targets.ReadCall(r)
		who, known := a.caller(call.AccessKey)
		if !known || call.AccessKey == "" { // the Runtime API is not signed
			next.ServeHTTP(w, r)
			return
		}
		if err := a.authorizeCall(call, r, who); err != nil {
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

// administrator holds the policy of a user of the AWS CLI or of the platform's own commands.
var administrator = []Document{allow("*")}

// caller returns who signs with the access key. It returns false for a function whose role is not
// in a template, since its permissions are not known.
func (a Authorizer) caller(accessKey string) (caller, bool) {
	name, ok := a.FunctionOf(accessKey)
	if !ok {
		user := "arn:aws:iam::" + a.Account + ":user/local"
		principal := Principal{a.Account, user, user, ""}
		return caller{"local", principal, administrator, true}, true
	}
	principal, policies, ok := a.Policies.FunctionPrincipal(name, a.Account)
	return caller{name: name, principal: principal, policies: policies}, ok
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

// requiredPermissions returns the permissions that a call needs. It leaves the request's body
// readable.
func (a Authorizer) requiredPermissions(call protocol.Call, r *http.Request) ([]permission, error) {
	var body []byte
	if call.Service != "s3" && call.Service != "lambda" || call.Operation == "DeleteObjects" {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, protocol.MaxJSONBody+1)); err != nil {
			return nil, err
		}
		if len(body) > protocol.MaxJSONBody {
			return nil, fmt.Errorf("the request body exceeds %d bytes", protocol.MaxJSONBody)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return a.permissions(call, r, body)
}

// authorize checks a permission, and those for the KMS key that encrypts its resource.
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
	// On this machine calls need no TLS. Policies see them as calls over TLS.
	context := map[string]string{
		"aws:securetransport": "true", "s3:tlsversion": "1.3",
		"aws:viaawsservice": "false", "aws:requestedregion": a.Region,
		"aws:principalarn": who.principal.RoleARN, "aws:principalaccount": a.Account,
	}
	if !who.admin {
		context["lambda:sourcefunctionarn"] = a.arn("lambda", "function:"+who.name)
	}
	maps.Copy(context, p.context)
	return a.Policies.Evaluate(Request{who.principal, p.action, p.resource, context}, who.policies)
}

// AuthorizeFunction returns nil if the function's role may perform the action, else a *DeniedError.
func (a Authorizer) AuthorizeFunction(function, action, resource string) error {
	principal, policies, ok := a.Policies.FunctionPrincipal(function, a.Account)
	if !ok {
		return nil
	}
	who := caller{name: function, principal: principal, policies: policies}
	return a.authorize(who, permission{action: action, resource: resource})
}

// AuthorizeService returns nil if an AWS service may perform the action on behalf of the source,
// such as a rule; else a *DeniedError. context adds condition keys, in lower case.
func (a Authorizer) AuthorizeService(
	service, source, action, resource string, context map[string]string,
) error {
	keys := map[string]string{
		"aws:securetransport": "true", "aws:requestedregion": a.Region,
		"aws:sourcearn": source, "aws:sourceaccount": a.Account,
	}
	maps.Copy(keys, context)
	principal := Principal{Account: a.Account, Service: service}
	return a.Policies.Evaluate(Request{principal, action, resource, keys}, nil)
}

// hideNotFound serves a read of an object as S3 does: a caller that may not list the bucket gets
// AccessDenied in place of NotFound.
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

// deny reports a denial and answers with the error of the service.
func (a Authorizer) deny(w http.ResponseWriter, call protocol.Call, who caller, err error) {
	a.Report(Denial{who.name, call.Service, call.Operation, err.Error()})
	status, code := http.StatusBadRequest, "AccessDeniedException"
	switch call.Service {
	case "s3", "sqs", "query":
		status, code = http.StatusForbidden, "AccessDenied"
	case "lambda":
		status = http.StatusForbidden
	}
	var denied *DeniedError
	keyDenied := errors.As(err, &denied) && strings.HasPrefix(denied.Request.Action, "kms:")
	if call.Service == "sqs" && keyDenied {
		status, code = http.StatusBadRequest, "KmsAccessDenied"
	}
	clear(w.Header()) // of the discarded response
	protocol.WriteError(w, call.Service, status, code, err.Error())
}
