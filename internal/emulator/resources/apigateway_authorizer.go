package resources

import (
	"maps"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/sigv4"
)

// LocalKey names an access key that APIs with IAM authorization always accept. Its secret is the
// same.
const LocalKey = "local"

type authorizerProperties struct {
	ApiId, AuthorizerType, AuthorizerUri string
	AuthorizerPayloadFormatVersion       string
	AuthorizerResultTtlInSeconds         number
	EnableSimpleResponses                flag
	IdentitySource                       []string
	JwtConfiguration                     struct {
		Issuer   string
		Audience []string
	}
}

// createAuthorizer creates the authorizer of an HTTP API. One that is not supported rejects all
// requests.
func createAuthorizer(c *creation, in authorizerProperties) (values, error) {
	a := c.api(in.ApiId)
	if a == nil {
		return c.skip("")
	}
	authorizer, problem := c.authorizer(in)
	if problem != "" {
		authorizer = apigateway.Unavailable{Reason: "the authorizer is not supported: " + problem}
		c.reportNotRun(c.resource.Type+", whose routes let nobody in: "+problem, 1)
	}
	id := c.id(6)
	a.authorizers[id] = authorizer
	return created(id, "AuthorizerId", id), nil
}

// authorizer returns the authorizer, or why it is not supported.
func (c *creation) authorizer(in authorizerProperties) (_ apigateway.Authorizer, problem string) {
	for _, source := range in.IdentitySource {
		if err := apigateway.CheckIdentitySource(source); err != nil {
			problem = err.Error()
		}
	}
	function := FunctionName(in.AuthorizerUri)
	switch {
	case in.AuthorizerType == "JWT" && len(in.IdentitySource) != 1:
		return nil, "it needs one identity source"
	case in.AuthorizerType == "JWT":
		verifier := oidc.Verifier{
			Issuer: in.JwtConfiguration.Issuer, Audience: in.JwtConfiguration.Audience,
			Keys: c.TokenKeys, Now: c.Now,
		}
		return apigateway.JWT{Verifier: verifier, IdentitySource: in.IdentitySource[0]}, problem
	case in.AuthorizerType != "REQUEST":
		return nil, "it is of the type " + in.AuthorizerType
	case in.AuthorizerPayloadFormatVersion != "2.0":
		return nil, "its function takes another payload format than 2.0"
	case !c.runs(function):
		return nil, "its function is not run here"
	}
	return &apigateway.Lambda{
		Function:       function,
		Simple:         bool(in.EnableSimpleResponses),
		IdentitySource: in.IdentitySource,
		CacheTTL:       in.AuthorizerResultTtlInSeconds.seconds(),
	}, problem
}

// routeAuthorizer returns the authorizer of a route; nil for an open route.
func (c *creation) routeAuthorizer(a *API, in routeProperties) apigateway.Authorizer {
	switch in.AuthorizationType {
	case "", "NONE":
		return nil
	case "AWS_IAM":
		secrets := map[string]string{LocalKey: LocalKey}
		maps.Copy(secrets, c.Credentials)
		return apigateway.IAM{Account: c.Account, Verifier: sigv4.Verifier{
			Service: "execute-api", Region: c.Region, Secrets: secrets, Now: c.Now,
		}}
	}
	switch authorizer := a.authorizers[in.AuthorizerId].(type) {
	case nil:
		return apigateway.Unavailable{Reason: "the route's authorizer does not exist"}
	case apigateway.JWT:
		authorizer.Scopes = in.AuthorizationScopes // a property of the route
		return authorizer
	default:
		return authorizer
	}
}

// Authorization reports whether routes require signed requests, whether routes require a JSON Web
// Token, and whether all routes are open.
func (a *API) Authorization() (signed, token, open bool) {
	open = true
	for _, r := range a.Settings.Routes {
		open = open && r.Authorizer == nil
		switch r.Authorizer.(type) {
		case apigateway.IAM:
			signed = true
		case apigateway.JWT:
			token = true
		}
	}
	return signed, token, open
}
