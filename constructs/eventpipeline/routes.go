package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/jsii-runtime-go"
)

// addToGivenApi adds the pipeline's two routes to an API of the user's, and what they lead to. The authorizer is the API's,
// as CDK has it, and named after the pipeline there.
func addToGivenApi(p *eventPipeline, api awsapigatewayv2.IHttpApi) {
	authorizer := newAuthorizer(p, *p.Node().Id())
	ingest, status := scopes(p.props)
	integration := awsapigatewayv2integrations.NewHttpLambdaIntegration(jsii.String("Api"), p.apiFunction, nil)
	for _, route := range []struct {
		id, path string
		method   awsapigatewayv2.HttpMethod
		scopes   *[]*string
	}{
		{"IngestRoute", "/events", awsapigatewayv2.HttpMethod_POST, ingest},
		{"StatusRoute", "/events/{eventId}", awsapigatewayv2.HttpMethod_GET, status},
	} {
		awsapigatewayv2.NewHttpRoute(p, &route.id, &awsapigatewayv2.HttpRouteProps{
			HttpApi:             api,
			RouteKey:            awsapigatewayv2.HttpRouteKey_With(&route.path, route.method),
			Integration:         integration,
			Authorizer:          authorizer,
			AuthorizationScopes: route.scopes,
		})
	}
	pinPayloadFormat(api, *p.Node().Id())
}

// addOtherRoutes leaves what no route of ours names to the API function, too: it answers with a problem of its own, 405
// with Allow or 404. Nobody gets there who could not post an event.
func addOtherRoutes(p *eventPipeline, api awsapigatewayv2.HttpApi, integration awsapigatewayv2.HttpRouteIntegration, authorizer awsapigatewayv2.IHttpRouteAuthorizer) {
	awsapigatewayv2.NewHttpRoute(api, jsii.String("DefaultRoute"), &awsapigatewayv2.HttpRouteProps{
		HttpApi:     api,
		RouteKey:    awsapigatewayv2.HttpRouteKey_DEFAULT(),
		Integration: integration,
		Authorizer:  authorizer,
	})
	if p.props.CorsPreflight == nil {
		return
	}
	// A preflight request carries no credentials. API Gateway answers it itself, unless the default route, which takes
	// OPTIONS, too, asks for them.
	api.AddRoutes(&awsapigatewayv2.AddRoutesOptions{
		Path:        jsii.String("/{proxy+}"),
		Methods:     methods(awsapigatewayv2.HttpMethod_OPTIONS),
		Integration: integration,
		Authorizer:  open(),
	})
}
