package eventpipeline_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestHttpApi_MayBeOpen(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			Authorization: eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
		}
	})
	want := map[string]string{
		"POST /events":          "NONE",
		"GET /events/{eventId}": "NONE",
		"GET /health":           "NONE",
		"$default":              "NONE",
	}
	if diff := cmp.Diff(want, s.RouteAuthorization(t)); diff != "" {
		t.Errorf("authorization of the routes (-want +got):\n%s", diff)
	}
}

func TestApiFunction_ReceivesWhetherTheApiIsOpen(t *testing.T) {
	synth.Stage(t, "local").Environment(t, "ApiFunction").Expect(t, `{"OPEN_API": "true"}`)
	synth.Stage(t, "prod").Environment(t, "ApiFunction").Expect(t, `{"OPEN_API": "false"}`)
}

func jwtProps() *eventpipeline.JwtAuthorizerProps {
	return &eventpipeline.JwtAuthorizerProps{
		Issuer:       jsii.String("https://login.example.org/pool"),
		Audience:     jsii.Strings("events", "events-test"),
		IngestScopes: jsii.Strings("events/write"),
		StatusScopes: jsii.Strings("events/read", "events/admin"),
	}
}

func TestJWT_RequiresScopesPerRoute(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{JwtAuthorizer: jwtProps()}
	})
	want := map[string]string{
		"POST /events":          "JWT",
		"GET /events/{eventId}": "JWT",
		"GET /health":           "NONE",
		"$default":              "JWT",
	}
	if diff := cmp.Diff(want, s.RouteAuthorization(t)); diff != "" {
		t.Errorf("authorization of the routes (-want +got):\n%s", diff)
	}
	s.Resource(t, "HttpApiJwtAuthorizer", "AWS::ApiGatewayV2::Authorizer").Expect(t, `{
		"ApiId": "${HttpApi}",
		"AuthorizerType": "JWT",
		"IdentitySource": ["$request.header.Authorization"],
		"JwtConfiguration": {"Issuer": "https://login.example.org/pool", "Audience": ["events",
			"events-test"]}
	}`)
	s.Resource(t, "HttpApiPOSTevents", "AWS::ApiGatewayV2::Route").Expect(t, `{
		"AuthorizerId": "${HttpApiJwtAuthorizer}", "AuthorizationScopes": ["events/write"]
	}`)
	s.Resource(t, "HttpApiGETeventseventId", "AWS::ApiGatewayV2::Route").Expect(t, `{
		"AuthorizerId": "${HttpApiJwtAuthorizer}", "AuthorizationScopes": ["events/read",
			"events/admin"]
	}`)
	s.Environment(t, "ApiFunction").Expect(t, `{"OPEN_API": "false"}`)
}

func TestLambdaAuthorizer_CachesNothingByDefault(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{
				Handler: authorizerFunction(stack),
			},
		}
	})
	want := map[string]string{
		"POST /events":          "CUSTOM",
		"GET /events/{eventId}": "CUSTOM",
		"GET /health":           "NONE",
		"$default":              "CUSTOM",
	}
	if diff := cmp.Diff(want, s.RouteAuthorization(t)); diff != "" {
		t.Errorf("authorization of the routes (-want +got):\n%s", diff)
	}
	s.Resource(t, "HttpApiLambdaAuthorizer", "AWS::ApiGatewayV2::Authorizer").Expect(t, `{
		"ApiId": "${HttpApi}",
		"AuthorizerType": "REQUEST",
		"AuthorizerPayloadFormatVersion": "2.0",
		"EnableSimpleResponses": true,
		"AuthorizerResultTtlInSeconds": 0,
		"IdentitySource": ["$request.header.Authorization"],
		"AuthorizerUri": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/`+
		`functions/${Authorizer.Arn}/invocations"
	}`)
	mayInvoke := 0
	for _, id := range s.IDsOf("AWS::Lambda::Permission") {
		if r := s.Resources[id]; r.Properties["FunctionName"] == "${Authorizer.Arn}" {
			mayInvoke++
			r.Expect(t, `{
				"Principal": "apigateway.amazonaws.com",
				"SourceArn": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:`+
				`${HttpApi}/authorizers/${HttpApiLambdaAuthorizer}"
			}`)
		}
	}
	if mayInvoke != 1 {
		t.Errorf("must have one permission to invoke the authorizer, got %d", mayInvoke)
	}
}

func TestLambdaAuthorizer_AppliesProps(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{
				Handler:      authorizerFunction(stack),
				ResponseType: awsapigatewayv2authorizers.HttpLambdaResponseType_IAM,
				IdentitySource: jsii.Strings(
					"$request.header.X-Key", "$request.querystring.tenant"),
				ResultsCacheTtl: seconds(60),
			},
		}
	})
	s.Resource(t, "HttpApiLambdaAuthorizer", "AWS::ApiGatewayV2::Authorizer").Expect(t, `{
		"AuthorizerPayloadFormatVersion": "2.0",
		"EnableSimpleResponses": null,
		"AuthorizerResultTtlInSeconds": 60,
		"IdentitySource": ["$request.header.X-Key", "$request.querystring.tenant",
			"$context.routeKey"]
	}`)
}

func authorizerFunction(stack awscdk.Stack) awslambda.Function {
	return awslambda.NewFunction(stack, jsii.String("Authorizer"), &awslambda.FunctionProps{
		Runtime: awslambda.Runtime_NODEJS_22_X(),
		Handler: jsii.String("index.handler"),
		Code:    awslambda.Code_FromInline(jsii.String("0")),
	})
}

func TestStatus_MayBeForAllCallers(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{StatusForAllCallers: jsii.Bool(true)}
	})
	s.Environment(t, "ApiFunction").
		Expect(t, `{"STATUS_FOR_ALL_CALLERS": "true", "OPEN_API": "false"}`)
}
