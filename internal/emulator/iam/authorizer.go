package iam

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Authorizer stands before AWS's APIs and lets through what the policies allow. Whoever is no function is the account's
// administrator: buckets' and queues' own policies bind that one, too.
type Authorizer struct {
	Policies        Policies
	Region, Account string
	Targets         protocol.Targets
	FunctionOf      func(accessKey string) (name string, ok bool) // whose calls are signed with that access key
	Report          func(Denial)                                  // is told of every denial, by many goroutines at once
}

// Denial is a call that was not allowed.
type Denial struct{ Caller, Service, Operation, Message string }

// caller is who makes a call, and what policies say of it.
type caller struct {
	name      string
	principal Principal
	policies  []Document
	admin     bool
}

// Wrap stands before AWS's APIs.
func (g Authorizer) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := g.Targets.ReadCall(r)
		who, known := g.caller(call.AccessKey)
		if !known || call.AccessKey == "" { // the Runtime API is not signed
			next.ServeHTTP(w, r)
			return
		}
		accesses, err := g.requiredPermissions(call, r)
		if err != nil && !who.admin {
			g.deny(w, call, who, &unknownPermissionError{who.principal, err})
			return
		}
		for _, a := range accesses {
			if err := g.authorize(who, a); err != nil {
				g.deny(w, call, who, err)
				return
			}
		}
		if call.Operation == "GetObject" || call.Operation == "HeadObject" {
			g.hideNotFound(w, r, next, call, who)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// unknownPermissionError says that it is not known what a call needs.
type unknownPermissionError struct {
	who Principal
	err error
}

func (e *unknownPermissionError) Error() string {
	return "User: " + e.who.SessionARN + " is not authorized: the local platform can't tell what the call needs: " + e.err.Error()
}

func (e *unknownPermissionError) Unwrap() error { return e.err }

// administrator is who uses the AWS CLI or the platform's own commands on this machine.
var administrator = func() []Document {
	all, err := ParseIdentityPolicy([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		panic(err) // it is a constant
	}
	return []Document{all}
}()

// caller is who signs with the access key. Of a function whose role is not in a template nothing is known.
func (g Authorizer) caller(accessKey string) (caller, bool) {
	name, ok := g.FunctionOf(accessKey)
	if !ok {
		user := "arn:aws:iam::" + g.Account + ":user/local"
		return caller{name: "local", principal: Principal{g.Account, user, user, ""}, policies: administrator, admin: true}, true
	}
	principal, policies, ok := g.Policies.FunctionPrincipal(name, g.Account)
	return caller{name: name, principal: principal, policies: policies}, ok
}

// requiredPermissions lists what a call must be allowed. The body is put back for who serves the call.
func (g Authorizer) requiredPermissions(call protocol.Call, r *http.Request) ([]permission, error) {
	var body []byte
	if call.Service != "s3" && call.Service != "lambda" || call.Operation == "DeleteObjects" {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, protocol.MaxJSONBody+1)); err != nil {
			return nil, err
		}
		if len(body) > protocol.MaxJSONBody {
			return nil, errors.New("it is too large")
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return location{g.Region, g.Account}.permissions(call, r, body)
}

// authorize asks for an access, and for the key of what it is to.
func (g Authorizer) authorize(who caller, a permission) error {
	if err := g.evaluate(who, a); err != nil {
		return err
	}
	for _, k := range (location{g.Region, g.Account}).keyPermissions(a, g.Policies.Keys) {
		if err := g.evaluate(who, k); err != nil {
			return err
		}
	}
	return nil
}

func (g Authorizer) evaluate(who caller, a permission) error {
	// Calls are taken for ones by TLS, which this machine's own network needs none of.
	context := map[string]string{
		"aws:securetransport": "true", "s3:tlsversion": "1.3", "aws:viaawsservice": "false", "aws:requestedregion": g.Region,
		"aws:principalarn": who.principal.RoleARN, "aws:principalaccount": g.Account,
	}
	if !who.admin {
		context["lambda:sourcefunctionarn"] = location{g.Region, g.Account}.arn("lambda", "function:"+who.name)
	}
	maps.Copy(context, a.context)
	return g.Policies.Evaluate(Request{who.principal, a.action, a.resource, context}, who.policies)
}

// AuthorizeFunction returns nil or a *DeniedError: whether a function may do that, whoever does it in its name.
func (g Authorizer) AuthorizeFunction(function, action, resource string) error {
	principal, policies, ok := g.Policies.FunctionPrincipal(function, g.Account)
	if !ok {
		return nil
	}
	return g.authorize(caller{name: function, principal: principal, policies: policies}, permission{action: action, resource: resource})
}

// AuthorizeService is Allows for a service of AWS that acts for one of its resources, such as a rule. context has the values
// of further condition keys, which are in lower case.
func (g Authorizer) AuthorizeService(service, source, action, resource string, context map[string]string) error {
	all := map[string]string{
		"aws:securetransport": "true", "aws:sourcearn": source, "aws:sourceaccount": g.Account, "aws:requestedregion": g.Region,
	}
	maps.Copy(all, context)
	return g.Policies.Evaluate(Request{Principal{Account: g.Account, Service: service}, action, resource, all}, nil)
}

// hideNotFound answers for an object that is not there as S3 does: who may not list the bucket may not learn that either.
func (g Authorizer) hideNotFound(w http.ResponseWriter, r *http.Request, next http.Handler, call protocol.Call, who caller) {
	bucket, key := protocol.S3Object(r)
	// S3 asks as if for a listing of the key alone.
	err := g.evaluate(who, permission{action: "s3:ListBucket", resource: objectARN(bucket, ""), context: map[string]string{"s3:prefix": key}})
	if err == nil {
		next.ServeHTTP(w, r)
		return
	}
	answer := &notFoundFilter{ResponseWriter: w}
	next.ServeHTTP(answer, r)
	if answer.notFound {
		g.deny(w, call, who, err)
	}
}

// notFoundFilter keeps the answer back that an object is missing.
type notFoundFilter struct {
	http.ResponseWriter
	notFound bool
}

func (h *notFoundFilter) WriteHeader(status int) {
	if h.notFound = status == http.StatusNotFound; !h.notFound {
		h.ResponseWriter.WriteHeader(status)
	}
}

func (h *notFoundFilter) Write(p []byte) (int, error) {
	if h.notFound {
		return len(p), nil
	}
	return h.ResponseWriter.Write(p)
}

// errorResponse is a service's own error for what is not allowed.
type errorResponse struct {
	status int
	code   string
}

var accessDenied = map[string]errorResponse{
	"s3":       {http.StatusForbidden, "AccessDenied"},
	"sqs":      {http.StatusForbidden, "AccessDenied"},
	"dynamodb": {http.StatusBadRequest, "AccessDeniedException"},
	"events":   {http.StatusBadRequest, "AccessDeniedException"},
	"lambda":   {http.StatusForbidden, "AccessDeniedException"},
	"query":    {http.StatusForbidden, "AccessDenied"},
}

func (g Authorizer) deny(w http.ResponseWriter, call protocol.Call, who caller, err error) {
	g.Report(Denial{who.name, call.Service, call.Operation, err.Error()})
	answer, ok := accessDenied[call.Service]
	if !ok {
		answer = accessDenied["dynamodb"]
	}
	var denied *DeniedError
	if call.Service == "sqs" && errors.As(err, &denied) && strings.HasPrefix(denied.Request.Action, "kms:") {
		answer = errorResponse{http.StatusBadRequest, "KmsAccessDenied"}
	}
	for name := range w.Header() {
		w.Header().Del(name) // of an answer that was kept back
	}
	protocol.WriteError(w, call.Service, answer.status, answer.code, err.Error())
}
