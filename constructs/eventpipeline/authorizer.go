package eventpipeline

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// Authorization selects who may call POST /events and GET /events/{eventId}.
type Authorization string

const (
	// AuthorizationIAM accepts requests that are signed by a principal with the permission
	// execute-api:Invoke.
	AuthorizationIAM Authorization = "IAM"
	// AuthorizationJWT accepts requests with a JSON Web Token. The prop JwtAuthorizer selects the
	// accepted tokens.
	AuthorizationJWT Authorization = "JWT"
	// AuthorizationLambda accepts requests that a Lambda function authorizes. The prop
	// LambdaAuthorizer selects the function.
	AuthorizationLambda Authorization = "LAMBDA"
	// AuthorizationOpenToAnyoneOnTheInternet accepts all requests. Synth adds a warning with the id
	// OpenApiWarning.
	AuthorizationOpenToAnyoneOnTheInternet Authorization = "OPEN_TO_ANYONE_ON_THE_INTERNET"
)

var authorizations = []Authorization{
	AuthorizationIAM, AuthorizationJWT, AuthorizationLambda, AuthorizationOpenToAnyoneOnTheInternet,
}

// OpenApiWarning is the id of the warning about an open API. If the API is open on purpose, pass
// the id to Annotations.AcknowledgeWarning.
const OpenApiWarning = "eventpipeline:openApi"

// JwtAuthorizerProps select the JSON Web Tokens that the API accepts in the header Authorization.
// API Gateway checks:
//   - the signature (RSA only)
//   - the scopes
//   - the claims iss, exp, nbf and iat
//   - the claim aud, or client_id if a token has no aud
//
// The claims iss and sub identify the caller. If a token has no sub, client_id replaces sub.
type JwtAuthorizerProps struct {
	// Issuer sets the https URL that a token must have in the claim iss. API Gateway finds the
	// issuer's keys through .well-known/openid-configuration below this URL. Required.
	Issuer *string
	// Audience lists the accepted values of aud, or of client_id if a token has no aud. Required.
	Audience *[]*string
	// IngestScopes lists scopes for POST /events. A token must have at least one of them. Default:
	// no scope is required. The API then accepts any of the issuer's tokens for the audience, even
	// an ID token.
	IngestScopes *[]*string
	// StatusScopes lists scopes for GET /events/{eventId}. A token must have at least one of them.
	// Default: no scope is required.
	StatusScopes *[]*string
}

// LambdaAuthorizerProps select a function that authorizes each request. The function receives the
// request in payload format 2.0, without the body.
type LambdaAuthorizerProps struct {
	// Handler authorizes requests. The function must return the caller's identity in the context of
	// its response, as sub or principalId. Required.
	Handler awslambda.IFunction
	// ResponseType selects the form of the function's response: an IAM policy (IAM), or
	// {"isAuthorized": true, "context": {"sub": "…"}} (SIMPLE). Default: SIMPLE.
	ResponseType awsapigatewayv2authorizers.HttpLambdaResponseType
	// IdentitySource lists values that each request must contain, such as headers. If one is
	// missing, API Gateway answers 401. Default: $request.header.Authorization.
	IdentitySource *[]*string
	// ResultsCacheTtl sets how long API Gateway caches the function's response. The cached response
	// applies to requests with the same route and the same values of IdentitySource. If you revoke
	// a caller's access, the caller keeps it until the cached response expires.
	//
	// The maximum is an hour. Default: 0, no cache.
	ResultsCacheTtl awscdk.Duration
}

func defaultAuthorization(p EventPipelineProps) Authorization {
	switch {
	case p.JwtAuthorizer != nil:
		return AuthorizationJWT
	case p.LambdaAuthorizer != nil:
		return AuthorizationLambda
	}
	return AuthorizationIAM
}

// newAuthorizer returns the authorizer of the routes. The CDK adds a JWT or Lambda authorizer as a
// child of the API. The child's id begins with prefix.
func newAuthorizer(p *eventPipeline, prefix string) awsapigatewayv2.IHttpRouteAuthorizer {
	switch p.props.Authorization {
	case AuthorizationJWT:
		id, jwt := jsii.String(prefix+"JwtAuthorizer"), p.props.JwtAuthorizer
		props := &awsapigatewayv2authorizers.HttpJwtAuthorizerProps{JwtAudience: jwt.Audience}
		return awsapigatewayv2authorizers.NewHttpJwtAuthorizer(id, jwt.Issuer, props)
	case AuthorizationLambda:
		return newLambdaAuthorizer(*p.props.LambdaAuthorizer, prefix)
	case AuthorizationOpenToAnyoneOnTheInternet:
		callers := "Anyone on the internet"
		if p.props.MutualTls != nil {
			callers = "Anyone with a certificate of the truststore"
		}
		awscdk.Annotations_Of(p).AddWarningV2(jsii.String(OpenApiWarning), jsii.String(callers+
			" can post events to this API and read their status. Omit Authorization for IAM."))
		return noAuthorizer()
	}
	return awsapigatewayv2authorizers.NewHttpIamAuthorizer()
}

func noAuthorizer() awsapigatewayv2.IHttpRouteAuthorizer {
	return awsapigatewayv2.NewHttpNoneAuthorizer()
}

func newLambdaAuthorizer(
	props LambdaAuthorizerProps, prefix string,
) awsapigatewayv2.IHttpRouteAuthorizer {
	types := &[]awsapigatewayv2authorizers.HttpLambdaResponseType{props.ResponseType}
	setDefault(&(*types)[0], awsapigatewayv2authorizers.HttpLambdaResponseType_SIMPLE)
	id := jsii.String(lambdaAuthorizerID(prefix))
	return awsapigatewayv2authorizers.NewHttpLambdaAuthorizer(id, props.Handler,
		&awsapigatewayv2authorizers.HttpLambdaAuthorizerProps{
			ResponseTypes:   types,
			IdentitySource:  identitySource(props),
			ResultsCacheTtl: cacheTTL(props),
		})
}

func lambdaAuthorizerID(prefix string) string { return prefix + "LambdaAuthorizer" }

func cacheTTL(props LambdaAuthorizerProps) awscdk.Duration {
	setDefault(&props.ResultsCacheTtl, seconds(0))
	return props.ResultsCacheTtl
}

// identitySource returns the parts of a request that form the key of the authorizer's cache. The
// key contains the route, because a permission for one route must not apply to other routes.
func identitySource(props LambdaAuthorizerProps) *[]*string {
	const route = "$context.routeKey"
	source := []*string{jsii.String("$request.header.Authorization")}
	if props.IdentitySource != nil {
		source = slices.Clone(*props.IdentitySource)
	}
	hasRoute := slices.ContainsFunc(source, func(s *string) bool { return *s == route })
	if inSeconds(cacheTTL(props)) > 0 && !hasRoute {
		source = append(source, jsii.String(route))
	}
	return &source
}

// pinPayloadFormat sets payload format 2.0 for Lambda authorizers of both response types. The CDK
// selects format 1.0 if the response is a policy.
func pinPayloadFormat(api awsapigatewayv2.IHttpApi, prefix string) {
	authorizer := api.Node().TryFindChild(jsii.String(lambdaAuthorizerID(prefix)))
	if authorizer != nil {
		resource := authorizer.Node().DefaultChild().(awsapigatewayv2.CfnAuthorizer)
		resource.SetAuthorizerPayloadFormatVersion(jsii.String("2.0"))
	}
}

// scopes returns the scopes that POST /events (ingest) and GET /events/{eventId} (status) require.
// Both are nil without a JWT authorizer.
func scopes(p EventPipelineProps) (ingest, status *[]*string) {
	jwt := valueOrZero(p.JwtAuthorizer)
	return jwt.IngestScopes, jwt.StatusScopes
}
