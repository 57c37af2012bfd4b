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
)

// Authorizer decides which requests a route's function gets: IAM, JWT, *Lambda or Broken.
type Authorizer interface {
	// authorize returns what the function is told of the caller, as requestContext.authorizer, or a *refusal.
	authorize(ctx context.Context, x *exchange, body []byte) (caller map[string]any, err error)
}

// rejection is a request that the authorizer does not let in.
type rejection struct {
	answer
	reason string // for the access log: the client is not told
}

func (r *rejection) Error() string { return r.reason }

// API Gateway's own answers.
func unauthorized(reason string) *rejection {
	return &rejection{message(http.StatusUnauthorized, "Unauthorized"), reason}
}

func forbidden(reason string) *rejection {
	return &rejection{message(http.StatusForbidden, "Forbidden"), reason}
}

// authorize asks the route's authorizer. The answer is for the client when ok is false.
func (x *exchange) authorize(ctx context.Context, body []byte) (refused answer, ok bool) {
	if x.match.Authorizer == nil {
		return answer{}, true
	}
	var err error
	if x.caller, err = x.match.Authorizer.authorize(ctx, x, body); err == nil {
		return answer{}, true
	}
	x.authorizerErr = err.Error()
	var known *rejection
	if errors.As(err, &known) {
		return known.answer, false
	}
	return message(http.StatusInternalServerError, "Internal Server Error"), false
}

// IAM takes requests that are signed with AWS credentials.
type IAM struct {
	Verifier sigv4.Verifier
	Account  string // whose users the access keys belong to, each of the key's name
}

func (i IAM) authorize(_ context.Context, x *exchange, body []byte) (map[string]any, error) {
	key, err := i.Verifier.Verify(x.request, body)
	if err != nil {
		return nil, forbidden(err.Error())
	}
	return map[string]any{"iam": map[string]any{
		"accessKey": key, "accountId": i.Account, "callerId": key, "cognitoIdentity": nil, "principalOrgId": nil,
		"userArn": fmt.Sprintf("arn:aws:iam::%s:user/%s", i.Account, key), "userId": key,
	}}, nil
}

// JWT takes requests with a token of an issuer.
type JWT struct {
	Verifier       oidc.Verifier
	IdentitySource string   // where the token is, such as $request.header.Authorization
	Scopes         []string // of which the token has one; none is asked for when empty
}

func (j JWT) authorize(ctx context.Context, x *exchange, _ []byte) (map[string]any, error) {
	given, ok := x.identity(j.IdentitySource)
	if !ok {
		return nil, j.challenge(unauthorized("the request has no token"), "")
	}
	if scheme, rest, found := strings.Cut(given, " "); found && strings.EqualFold(scheme, "bearer") {
		given = strings.TrimSpace(rest)
	}
	claims, err := j.Verifier.Verify(ctx, given)
	var invalid *oidc.InvalidError
	if errors.As(err, &invalid) {
		return nil, j.challenge(unauthorized(invalid.Reason), "invalid_token")
	}
	if err != nil {
		return nil, err
	}
	has := claims.Scopes()
	if len(j.Scopes) > 0 && !slices.ContainsFunc(has, func(scope string) bool { return slices.Contains(j.Scopes, scope) }) {
		return nil, j.challenge(forbidden("the token has none of the route's scopes"), "insufficient_scope")
	}
	return map[string]any{"jwt": map[string]any{"claims": claims.Strings(), "scopes": j.Scopes}}, nil
}

// challenge adds the header that tells a client what is wrong with its token.
func (j JWT) challenge(r *rejection, code string) *rejection {
	text := "Bearer"
	if code != "" {
		text = fmt.Sprintf("Bearer scope=%q error=%q error_description=%q", strings.Join(j.Scopes, " "), code, r.reason)
	}
	r.header.Set("Www-Authenticate", text)
	return r
}

// Unavailable is an authorizer that can't be asked; its routes let nobody in.
type Unavailable struct{ Reason string }

func (b Unavailable) authorize(context.Context, *exchange, []byte) (map[string]any, error) {
	return nil, errors.New(b.Reason)
}
