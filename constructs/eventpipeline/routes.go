package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/jsii-runtime-go"
)

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
