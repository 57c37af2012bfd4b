package eventpipeline_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestHttpApi_OpensOnlyHealth(t *testing.T) {
	want := map[string]string{
		"POST /events":          "AWS_IAM",
		"GET /events/{eventId}": "AWS_IAM",
		"GET /health":           "NONE",
		"$default":              "AWS_IAM",
	}
	if diff := cmp.Diff(want, synth.DefaultPipeline(t).RouteAuthorization(t)); diff != "" {
		t.Errorf("authorization of the routes (-want +got):\n%s", diff)
	}
}

func TestHttpApi_CallsTheApiFunctionWithPayloadFormat2(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.Resource(t, "HttpApi", "AWS::ApiGatewayV2::Api").
		Expect(t, `{"ProtocolType": "HTTP", "CorsConfiguration": null}`)
	s.Resource(t, "HttpApiPOSTeventsApi", "AWS::ApiGatewayV2::Integration").Expect(t, `{
		"IntegrationType": "AWS_PROXY", "IntegrationUri": "${ApiFunction.Arn}",
			"PayloadFormatVersion": "2.0"
	}`)
}

func TestHttpApi_SupportsCORS(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			CorsPreflight: &awsapigatewayv2.CorsPreflightOptions{
				AllowOrigins: jsii.Strings("https://example.org"),
				AllowMethods: &[]awsapigatewayv2.CorsHttpMethod{
					awsapigatewayv2.CorsHttpMethod_POST,
				},
			},
		}
	})
	s.Resource(t, "HttpApi", "AWS::ApiGatewayV2::Api").Expect(t, `{
		"CorsConfiguration": {
			"AllowOrigins": ["https://example.org"],
			"AllowMethods": ["POST"],
			"AllowHeaders": ["authorization", "content-encoding", "content-type", "idempotency-key",
				"prefer", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token",
				"ce-dataschema", "ce-id", "ce-source", "ce-specversion", "ce-subject", "ce-time",
				"ce-type"],
			"ExposeHeaders": ["idempotency-replayed", "preference-applied", "retry-after"]
		}
	}`)
	if got := s.RouteAuthorization(t)["OPTIONS /{proxy+}"]; got != "NONE" {
		t.Errorf("preflight route must have authorization NONE, got %q", got)
	}
}

func TestHttpApi_KeepsTheHeadersInCorsPreflight(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			CorsPreflight: &awsapigatewayv2.CorsPreflightOptions{
				AllowOrigins: jsii.Strings("*"), AllowHeaders: jsii.Strings("ce-zone"),
				ExposeHeaders: jsii.Strings("date"),
			},
		}
	})
	s.Resource(t, "HttpApi", "AWS::ApiGatewayV2::Api").Expect(t, `{
		"CorsConfiguration": {
			"AllowOrigins": ["*"], "AllowMethods": ["GET", "POST"], "AllowHeaders": ["ce-zone"],
			"ExposeHeaders": ["date"]
		}
	}`)
}

func TestApi_AcceptsTextPlainIfItIsOpen(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			Authorization:   eventpipeline.AuthorizationOpenToAnyoneOnTheInternet,
			AcceptTextPlain: jsii.Bool(true),
		}
	})
	s.Environment(t, "ApiFunction").Expect(t, `{"ACCEPT_TEXT_PLAIN": "true"}`)
}

func TestStage_ThrottlesAndDeploysAutomatically(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.ExpectCount(t, "AWS::ApiGatewayV2::Stage", 1)
	s.Resource(t, "Stage", "AWS::ApiGatewayV2::Stage").Expect(t, `{
		"ApiId": "${HttpApi}",
		"StageName": "$default",
		"AutoDeploy": true,
		"DefaultRouteSettings": {"ThrottlingRateLimit": 1000, "ThrottlingBurstLimit": 2000},
		"RouteSettings": {
			"GET /health": {"ThrottlingRateLimit": 10, "ThrottlingBurstLimit": 20}
		}
	}`)
	s = synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			ThrottlingRateLimit:  jsii.Number(5),
			ThrottlingBurstLimit: jsii.Number(9),
		}
	})
	s.Resource(t, "Stage", "AWS::ApiGatewayV2::Stage").Expect(t, `{
		"DefaultRouteSettings": {"ThrottlingRateLimit": 5, "ThrottlingBurstLimit": 9}
	}`)
}

func TestStage_LogsJSONWithoutPayloads(t *testing.T) {
	s := synth.DefaultPipeline(t)
	stage := s.Resource(t, "Stage", "AWS::ApiGatewayV2::Stage")
	settings := stage.Properties["AccessLogSettings"].(map[string]any)
	if settings["DestinationArn"] != "${AccessLogGroup.Arn}" {
		t.Errorf("access log must go to AccessLogGroup, got %s", settings["DestinationArn"])
	}
	s.Resource(t, "AccessLogGroup", "AWS::Logs::LogGroup").Expect(t, `{"RetentionInDays": 30}`)
	var got map[string]string
	if err := json.Unmarshal([]byte(settings["Format"].(string)), &got); err != nil {
		t.Fatalf("access log format must be a JSON object: %v", err)
	}
	want := map[string]string{
		"requestId":          "$context.requestId",
		"requestTime":        "$context.requestTime",
		"sourceIp":           "$context.identity.sourceIp",
		"apiId":              "$context.apiId",
		"caller":             "$context.identity.caller",
		"routeKey":           "$context.routeKey",
		"status":             "$context.status",
		"responseLength":     "$context.responseLength",
		"responseLatency":    "$context.responseLatency",
		"integrationLatency": "$context.integrationLatency",
		"integrationStatus":  "$context.integrationStatus",
		"error":              "$context.error.responseType",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields of the access log (-want +got):\n%s", diff)
	}
}
