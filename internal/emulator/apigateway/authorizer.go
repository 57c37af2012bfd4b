package apigateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/sigv4"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Authorizer authorizes the requests of a route. IAM, JWT, *Lambda and Unavailable implement it.
type Authorizer interface {
	// authorize identifies the caller. It returns the value of the event's field
	// requestContext.authorizer. The error is a *rejection if the request is not authorized.
	authorize(ctx context.Context, x *exchange, body []byte) (caller map[string]any, err error)
}

// rejection reports that a request is not authorized.
type rejection struct {
	httpResponse
	reason string // for the access log; JWT also sends the reason to the client
}

func (r *rejection) Error() string { return r.reason }

func unauthorized(reason string) *rejection {
	return &rejection{errorResponse(http.StatusUnauthorized, "Unauthorized"), reason}
}

func forbidden(reason string) *rejection {
	return &rejection{errorResponse(http.StatusForbidden, "Forbidden"), reason}
}

// authorize calls the route's authorizer. If the request is not authorized, it returns the response
// for the client and false.
func (x *exchange) authorize(ctx context.Context, body []byte) (httpResponse, bool) {
	if x.route.Authorizer == nil {
		return httpResponse{}, true
	}
	var err error
	if x.caller, err = x.route.Authorizer.authorize(ctx, x, body); err == nil {
		return httpResponse{}, true
	}
	x.authorizerErr = err.Error()
	if rejected, ok := errors.AsType[*rejection](err); ok {
		return rejected.httpResponse, false
	}
	return errorResponse(http.StatusInternalServerError, "Internal Server Error"), false
}

// IAM authorizes requests that are signed with AWS credentials.
type IAM struct {
	Verifier sigv4.Verifier
	Account  string // account of the callers; a caller's user name is the access key
}

func (i IAM) authorize(_ context.Context, x *exchange, body []byte) (map[string]any, error) {
	key, err := i.Verifier.Verify(x.request, body)
	if err != nil {
		return nil, forbidden(err.Error())
	}
	return map[string]any{"iam": map[string]any{
		"accessKey": key, "accountId": i.Account, "callerId": key, "userId": key,
		"userArn":         protocol.ARN("iam", "", i.Account, "user/"+key),
		"cognitoIdentity": nil, "principalOrgId": nil,
	}}, nil
}

// JWT authorizes requests that have a valid token.
type JWT struct {
	Verifier       oidc.Verifier
	IdentitySource string   // source of the token, such as $request.header.Authorization
	Scopes         []string // if not empty, the token must have one of these scopes
}

func (j JWT) authorize(ctx context.Context, x *exchange, _ []byte) (map[string]any, error) {
	token, ok := x.identity(j.IdentitySource)
	if !ok {
		return nil, j.challenge(unauthorized("the request has no token"), "")
	}
	scheme, rest, found := strings.Cut(token, " ")
	if found && strings.EqualFold(scheme, "bearer") {
		token = strings.TrimSpace(rest)
	}
	claims, err := j.Verifier.Verify(ctx, token)
	if invalid, ok := errors.AsType[*oidc.InvalidError](err); ok {
		return nil, j.challenge(unauthorized(invalid.Reason), "invalid_token")
	}
	if err != nil {
		return nil, err
	}
	accepted := func(scope string) bool { return slices.Contains(j.Scopes, scope) }
	if len(j.Scopes) > 0 && !slices.ContainsFunc(claims.Scopes(), accepted) {
		reason := "the token has none of the route's scopes"
		return nil, j.challenge(forbidden(reason), "insufficient_scope")
	}
	return map[string]any{"jwt": map[string]any{"claims": claims.Strings(), "scopes": j.Scopes}},
		nil
}

// challenge adds the header www-authenticate to a rejection.
func (j JWT) challenge(r *rejection, code string) *rejection {
	text := "Bearer"
	if code != "" {
		text = fmt.Sprintf("Bearer scope=%q error=%q error_description=%q",
			strings.Join(j.Scopes, " "), code, r.reason)
	}
	r.header.Set("Www-Authenticate", text)
	return r
}

// Unavailable represents an authorizer that cannot be called. It rejects every request.
type Unavailable struct{ Reason string }

func (u Unavailable) authorize(context.Context, *exchange, []byte) (map[string]any, error) {
	return nil, errors.New(u.Reason)
}

// CheckIdentitySource returns an error if the emulator does not support an identity source.
func CheckIdentitySource(expression string) error {
	name, isContext := strings.CutPrefix(expression, "$context.")
	_, known := new(exchange).variables()[name]
	if isHeader(expression) || isQuery(expression) || isContext && known {
		return nil
	}
	return fmt.Errorf("the emulator does not support the identity source %s; "+
		"use $request.header.NAME or $request.querystring.NAME", expression)
}

const (
	headerPrefix = "$request.header."
	queryPrefix  = "$request.querystring."
)

func isHeader(expression string) bool { return strings.HasPrefix(expression, headerPrefix) }
func isQuery(expression string) bool  { return strings.HasPrefix(expression, queryPrefix) }

// identity returns the value of an identity source. It returns false if the value is empty.
func (x *exchange) identity(expression string) (value string, ok bool) {
	switch {
	case isHeader(expression):
		value = x.headers()[strings.ToLower(strings.TrimPrefix(expression, headerPrefix))]
	case isQuery(expression):
		value = queryParameters(x.request.URL.RawQuery)[strings.TrimPrefix(expression, queryPrefix)]
	default:
		value = x.variables()[strings.TrimPrefix(expression, "$context.")]
	}
	return value, value != ""
}

// variables returns the context variables that are supported as identity sources.
func (x *exchange) variables() map[string]string {
	v := map[string]string{"routeKey": x.route.Key, "httpMethod": "", "path": "",
		"identity.sourceIp": ""}
	if x.request != nil {
		v["httpMethod"], v["path"] = x.request.Method, x.request.URL.Path
		v["identity.sourceIp"] = x.sourceIP()
	}
	return v
}
