package emulator

import (
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/sigv4"
)

// LocalKey is the access key, and its own secret, that APIs with IAM authorization always take.
const LocalKey = "local"

// authorizer makes the authorizers of HTTP APIs. One that can't be run lets nobody in.
func (p *provisioner) authorizer(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
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
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	a := p.findAPI(in.ApiId)
	if a == nil {
		return p.skip(r, r.Type), nil
	}
	function, why := functionName(in.AuthorizerUri), ""
	for _, source := range in.IdentitySource {
		if err := apigateway.CheckIdentitySource(source); err != nil {
			why = err.Error()
		}
	}
	var made apigateway.Authorizer
	switch {
	case in.AuthorizerType == "JWT" && len(in.IdentitySource) != 1:
		why = "it needs one identity source"
	case in.AuthorizerType == "JWT":
		made = apigateway.JWT{
			Verifier:       oidc.Verifier{Issuer: in.JwtConfiguration.Issuer, Audience: in.JwtConfiguration.Audience, Keys: p.keys(), Now: p.options.Now},
			IdentitySource: in.IdentitySource[0],
		}
	case in.AuthorizerType != "REQUEST":
		why = "it is of the type " + in.AuthorizerType
	case in.AuthorizerPayloadFormatVersion != "2.0":
		why = "its function takes another payload format than 2.0"
	case !p.functions[function]:
		why = "its function is not run here"
	default:
		made = &apigateway.Lambda{
			Function: function, Simple: bool(in.EnableSimpleResponses), IdentitySource: in.IdentitySource,
			CacheTTL: in.AuthorizerResultTtlInSeconds.seconds(),
		}
	}
	if why != "" {
		made = apigateway.Unavailable{Reason: "the authorizer can't be asked: " + why}
		p.leaveOut(r.Type+", whose routes let nobody in: "+why, 1)
	}
	id := strings.ToLower(uniqueSuffix(p.current.Name, r.LogicalID)[:6])
	a.authorizers[id] = made
	return cloudformation.Made{Ref: id, Attributes: map[string]string{"AuthorizerId": id}}, nil
}

// authorizerOf is the authorizer that a route asks for; nil if it is open.
func (p *provisioner) authorizerOf(a *api, authorizationType, id string, scopes []string) apigateway.Authorizer {
	switch authorizationType {
	case "", "NONE":
		return nil
	case "AWS_IAM":
		return apigateway.IAM{Account: p.account, Verifier: sigv4.Verifier{
			Service: "execute-api", Region: p.region, Secrets: p.secrets(), Now: p.options.Now,
		}}
	}
	switch made := a.authorizers[id].(type) {
	case nil:
		return apigateway.Unavailable{Reason: "the route's authorizer is not there"}
	case apigateway.JWT:
		made.Scopes = scopes // which are the route's, not the authorizer's
		return made
	default:
		return made
	}
}

// keys check tokens: those that were given, or those that issuers publish.
func (p *provisioner) keys() oidc.KeySource {
	if p.options.Keys != nil {
		return p.options.Keys
	}
	return p.published
}

func (p *provisioner) secrets() map[string]string {
	secrets := map[string]string{LocalKey: LocalKey}
	for key, secret := range p.options.Credentials {
		secrets[key] = secret
	}
	return secrets
}
