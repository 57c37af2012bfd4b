package iam

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/awscall"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/awsjson"
)

// Guard stands before AWS's APIs and lets through what the policies allow. Whoever is no function is the account's
// administrator: buckets' and queues' own policies bind that one, too.
type Guard struct {
	Set             Set
	Region, Account string
	Function        func(accessKey string) (name string, ok bool) // whose calls are signed with that access key
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
func (g Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := awscall.Of(r)
		who, known := g.caller(call.AccessKey)
		if !known || call.AccessKey == "" { // the Runtime API is not signed
			next.ServeHTTP(w, r)
			return
		}
		accesses, err := g.read(call, r)
		if err != nil && !who.admin {
			g.deny(w, call, who, &unclearError{who.principal, err})
			return
		}
		for _, a := range accesses {
			if err := g.allows(who, a); err != nil {
				g.deny(w, call, who, err)
				return
			}
		}
		if call.Operation == "GetObject" || call.Operation == "HeadObject" {
			g.hideMissing(w, r, next, call, who)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// unclearError says that it is not known what a call needs.
type unclearError struct {
	who Principal
	err error
}

func (e *unclearError) Error() string {
	return "User: " + e.who.Session + " is not authorized: the local platform can't tell what the call needs: " + e.err.Error()
}

func (e *unclearError) Unwrap() error { return e.err }

// administrator is who uses the AWS CLI or the platform's own commands on this machine.
var administrator = func() []Document {
	all, err := ParseIdentity([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		panic(err) // it is a constant
	}
	return []Document{all}
}()

// caller is who signs with the access key. Of a function whose role is not in a template nothing is known.
func (g Guard) caller(accessKey string) (caller, bool) {
	name, ok := g.Function(accessKey)
	if !ok {
		user := "arn:aws:iam::" + g.Account + ":user/local"
		return caller{name: "local", principal: Principal{g.Account, user, user, ""}, policies: administrator, admin: true}, true
	}
	principal, policies, ok := g.Set.Principal(name, g.Account)
	return caller{name: name, principal: principal, policies: policies}, ok
}

// read lists what a call must be allowed. The body is put back for who serves the call.
func (g Guard) read(call awscall.Call, r *http.Request) ([]access, error) {
	var body []byte
	if call.Service != "s3" && call.Service != "lambda" || call.Operation == "DeleteObjects" {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, awsjson.MaxBody+1)); err != nil {
			return nil, err
		}
		if len(body) > awsjson.MaxBody {
			return nil, errors.New("it is too large")
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return place{g.Region, g.Account}.accesses(call, r, body)
}

// allows asks for an access, and for the key of what it is to.
func (g Guard) allows(who caller, a access) error {
	if err := g.decide(who, a); err != nil {
		return err
	}
	for _, k := range (place{g.Region, g.Account}).keyAccesses(a, g.Set.Keys) {
		if err := g.decide(who, k); err != nil {
			return err
		}
	}
	return nil
}

func (g Guard) decide(who caller, a access) error {
	// Calls are taken for ones by TLS, which this machine's own network needs none of.
	context := map[string]string{
		"aws:securetransport": "true", "s3:tlsversion": "1.3", "aws:viaawsservice": "false", "aws:requestedregion": g.Region,
		"aws:principalarn": who.principal.Role, "aws:principalaccount": g.Account,
	}
	if !who.admin {
		context["lambda:sourcefunctionarn"] = place{g.Region, g.Account}.arn("lambda", "function:"+who.name)
	}
	maps.Copy(context, a.context)
	return g.Set.Decide(Request{who.principal, a.action, a.resource, context}, who.policies)
}

// Allows returns nil or a *DeniedError: whether a function may do that, whoever does it in its name.
func (g Guard) Allows(function, action, resource string) error {
	principal, policies, ok := g.Set.Principal(function, g.Account)
	if !ok {
		return nil
	}
	return g.allows(caller{name: function, principal: principal, policies: policies}, access{action: action, resource: resource})
}

// AllowsService is Allows for a service of AWS that acts for one of its resources, such as a rule. context has the values
// of further condition keys, which are in lower case.
func (g Guard) AllowsService(service, source, action, resource string, context map[string]string) error {
	all := map[string]string{
		"aws:securetransport": "true", "aws:sourcearn": source, "aws:sourceaccount": g.Account, "aws:requestedregion": g.Region,
	}
	maps.Copy(all, context)
	return g.Set.Decide(Request{Principal{Account: g.Account, Service: service}, action, resource, all}, nil)
}

// hideMissing answers for an object that is not there as S3 does: who may not list the bucket may not learn that either.
func (g Guard) hideMissing(w http.ResponseWriter, r *http.Request, next http.Handler, call awscall.Call, who caller) {
	bucket, key := awscall.S3Object(r)
	// S3 asks as if for a listing of the key alone.
	err := g.decide(who, access{action: "s3:ListBucket", resource: objectARN(bucket, ""), context: map[string]string{"s3:prefix": key}})
	if err == nil {
		next.ServeHTTP(w, r)
		return
	}
	answer := &hidden{ResponseWriter: w}
	next.ServeHTTP(answer, r)
	if answer.missing {
		g.deny(w, call, who, err)
	}
}

// hidden keeps the answer back that an object is missing.
type hidden struct {
	http.ResponseWriter
	missing bool
}

func (h *hidden) WriteHeader(status int) {
	if h.missing = status == http.StatusNotFound; !h.missing {
		h.ResponseWriter.WriteHeader(status)
	}
}

func (h *hidden) Write(p []byte) (int, error) {
	if h.missing {
		return len(p), nil
	}
	return h.ResponseWriter.Write(p)
}

// denial is a service's own error for what is not allowed.
type denial struct {
	status int
	code   string
}

var denials = map[string]denial{
	"s3":       {http.StatusForbidden, "AccessDenied"},
	"sqs":      {http.StatusForbidden, "AccessDenied"},
	"dynamodb": {http.StatusBadRequest, "AccessDeniedException"},
	"events":   {http.StatusBadRequest, "AccessDeniedException"},
	"lambda":   {http.StatusForbidden, "AccessDeniedException"},
	"query":    {http.StatusForbidden, "AccessDenied"},
}

func (g Guard) deny(w http.ResponseWriter, call awscall.Call, who caller, err error) {
	g.Report(Denial{who.name, call.Service, call.Operation, err.Error()})
	answer, ok := denials[call.Service]
	if !ok {
		answer = denials["dynamodb"]
	}
	var denied *DeniedError
	if call.Service == "sqs" && errors.As(err, &denied) && strings.HasPrefix(denied.Request.Action, "kms:") {
		answer = denial{http.StatusBadRequest, "KmsAccessDenied"}
	}
	for name := range w.Header() {
		w.Header().Del(name) // of an answer that was kept back
	}
	awscall.Refuse(w, call.Service, answer.status, answer.code, err.Error())
}
