package eventpipeline

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// Authorization says who may call POST /events and GET /events/{eventId}.
type Authorization string

const (
	// AuthorizationIAM takes requests signed by AWS credentials that are allowed execute-api:Invoke.
	AuthorizationIAM Authorization = "IAM"
	// AuthorizationJWT takes requests with a token as JwtAuthorizer asks for.
	AuthorizationJWT Authorization = "JWT"
	// AuthorizationLambda takes requests that the function of LambdaAuthorizer lets in.
	AuthorizationLambda Authorization = "LAMBDA"
	// AuthorizationOpenToAnyoneOnTheInternet takes requests from anybody. It warns at synth (OpenApiWarning).
	AuthorizationOpenToAnyoneOnTheInternet Authorization = "OPEN_TO_ANYONE_ON_THE_INTERNET"
)

var authorizations = []Authorization{
	AuthorizationIAM, AuthorizationJWT, AuthorizationLambda, AuthorizationOpenToAnyoneOnTheInternet,
}

// OpenApiWarning is the id of the warning about an open API, for Annotations.AcknowledgeWarning.
const OpenApiWarning = "eventpipeline:openApi"

// JwtAuthorizerProps say which JSON Web Tokens the API takes, in the header Authorization. API Gateway checks their
// signature (RSA only), iss, aud or client_id, exp, nbf, iat and scopes. The caller is the issuer's sub, or its client_id
// where there is no sub.
type JwtAuthorizerProps struct {
	// Issuer is the https URL that tokens have as iss, below which .well-known/openid-configuration names the keys. Required.
	Issuer *string
	// Audience lists what a token may have as aud, or without an aud as client_id. At least one is required.
	Audience *[]*string
	// IngestScopes lists the scopes of which a token for POST /events must have one. Default: none is asked for, so that
	// the issuer's ID tokens of that audience are taken, too.
	IngestScopes *[]*string
	// StatusScopes is the same for GET /events/{eventId}. Default: none is asked for.
	StatusScopes *[]*string
}

// LambdaAuthorizerProps make a function of yours decide about each request. It gets payload format 2.0, without the body.
type LambdaAuthorizerProps struct {
	// Handler is the function. Its answer's context must say who the caller is: as sub, or as principalId. Required.
	Handler awslambda.IFunction
	// ResponseType is what it answers: SIMPLE, {"isAuthorized": true, "context": {"sub": "…"}}, or IAM, a policy. Default: SIMPLE.
	ResponseType awsapigatewayv2authorizers.HttpLambdaResponseType
	// IdentitySource lists what a request must have, or it gets a 401 without asking the function. Default: $request.header.Authorization.
	IdentitySource *[]*string
	// ResultsCacheTtl is how long an answer holds for requests with the same identity source to the same route, up to an
	// hour. Who is shut out meanwhile still gets in. Default: none, every request is decided about anew.
	ResultsCacheTtl awscdk.Duration
}

// inferred is the Authorization that goes with the authorizer that is given.
func inferred(p EventPipelineProps) Authorization {
	switch {
	case p.JwtAuthorizer != nil:
		return AuthorizationJWT
	case p.LambdaAuthorizer != nil:
		return AuthorizationLambda
	}
	return AuthorizationIAM
}

// newAuthorizer makes what decides about requests; prefix begins its id in the API's scope.
func newAuthorizer(p *eventPipeline, prefix string) awsapigatewayv2.IHttpRouteAuthorizer {
	switch p.props.Authorization {
	case AuthorizationJWT:
		return awsapigatewayv2authorizers.NewHttpJwtAuthorizer(jsii.String(prefix+"JwtAuthorizer"), p.props.JwtAuthorizer.Issuer,
			&awsapigatewayv2authorizers.HttpJwtAuthorizerProps{JwtAudience: p.props.JwtAuthorizer.Audience})
	case AuthorizationLambda:
		return newLambdaAuthorizer(*p.props.LambdaAuthorizer, prefix)
	case AuthorizationOpenToAnyoneOnTheInternet:
		who := "Anyone on the internet"
		if p.props.MutualTls != nil {
			who = "Anyone with a certificate that the truststore knows"
		}
		awscdk.Annotations_Of(p).AddWarningV2(jsii.String(OpenApiWarning), jsii.String(
			who+" may post events to this API and read their status. Leave Authorization out to ask for IAM."))
		return open()
	}
	return awsapigatewayv2authorizers.NewHttpIamAuthorizer()
}

func newLambdaAuthorizer(props LambdaAuthorizerProps, prefix string) awsapigatewayv2.IHttpRouteAuthorizer {
	fill(&props.ResponseType, awsapigatewayv2authorizers.HttpLambdaResponseType_SIMPLE)
	return awsapigatewayv2authorizers.NewHttpLambdaAuthorizer(jsii.String(prefix+"LambdaAuthorizer"), props.Handler,
		&awsapigatewayv2authorizers.HttpLambdaAuthorizerProps{
			ResponseTypes:   &[]awsapigatewayv2authorizers.HttpLambdaResponseType{props.ResponseType},
			IdentitySource:  identitySource(props),
			ResultsCacheTtl: cacheTtl(props),
		})
}

func cacheTtl(props LambdaAuthorizerProps) awscdk.Duration {
	duration(&props.ResultsCacheTtl, awscdk.Duration_Seconds, 0)
	return props.ResultsCacheTtl
}

// perRoute is part of what a cached answer is found by: otherwise leave to post would be leave to read.
const perRoute = "$context.routeKey"

func identitySource(props LambdaAuthorizerProps) *[]*string {
	source := []*string{jsii.String("$request.header.Authorization")}
	if props.IdentitySource != nil {
		source = slices.Clone(*props.IdentitySource)
	}
	if seconds(cacheTtl(props)) > 0 && !slices.ContainsFunc(source, func(s *string) bool { return *s == perRoute }) {
		source = append(source, jsii.String(perRoute))
	}
	return &source
}

// pinPayloadFormat gives authorizers of either response type the same requests; CDK gives those that answer with a policy the older format.
func pinPayloadFormat(api awsapigatewayv2.IHttpApi, prefix string) {
	if authorizer := api.Node().TryFindChild(jsii.String(prefix + "LambdaAuthorizer")); authorizer != nil {
		authorizer.Node().DefaultChild().(awsapigatewayv2.CfnAuthorizer).SetAuthorizerPayloadFormatVersion(jsii.String("2.0"))
	}
}

// scopes are those that the routes ask for; only JWTs have any.
func scopes(p EventPipelineProps) (ingest, status *[]*string) {
	if p.JwtAuthorizer == nil {
		return nil, nil
	}
	return p.JwtAuthorizer.IngestScopes, p.JwtAuthorizer.StatusScopes
}
