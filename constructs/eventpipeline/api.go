package eventpipeline

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

func newHttpApi(p *eventPipeline) awsapigatewayv2.IHttpApi {
	if p.props.HttpApi != nil {
		addToGivenApi(p, p.props.HttpApi)
		return p.props.HttpApi
	}
	api := awsapigatewayv2.NewHttpApi(p, jsii.String("HttpApi"), &awsapigatewayv2.HttpApiProps{
		ApiName:                   physicalName(p.props, "api"),
		CreateDefaultStage:        jsii.Bool(false), // ours has a log and limits
		CorsPreflight:             p.props.CorsPreflight,
		DisableExecuteApiEndpoint: onlyIf(*p.props.DisableExecuteApiEndpoint),
	})
	authorizer := newAuthorizer(p, "")
	ingest, status := scopes(p.props)
	integration := awsapigatewayv2integrations.NewHttpLambdaIntegration(jsii.String("Api"), p.apiFunction, nil)
	for _, route := range []awsapigatewayv2.AddRoutesOptions{
		{Path: jsii.String("/events"), Methods: methods(awsapigatewayv2.HttpMethod_POST), Authorizer: authorizer, AuthorizationScopes: ingest},
		{Path: jsii.String("/events/{eventId}"), Methods: methods(awsapigatewayv2.HttpMethod_GET), Authorizer: authorizer, AuthorizationScopes: status},
		{Path: jsii.String("/health"), Methods: methods(awsapigatewayv2.HttpMethod_GET), Authorizer: open()},
	} {
		route.Integration = integration
		api.AddRoutes(&route)
	}
	addOtherRoutes(p, api, integration, authorizer)
	pinPayloadFormat(api, "")
	return api
}

// onlyIf leaves what is false out of the template.
func onlyIf(value bool) *bool {
	if !value {
		return nil
	}
	return &value
}

func methods(m ...awsapigatewayv2.HttpMethod) *[]awsapigatewayv2.HttpMethod { return &m }

func open() awsapigatewayv2.IHttpRouteAuthorizer { return awsapigatewayv2.NewHttpNoneAuthorizer() }

// accessLogFields say who asked for what and how it went: no header, query or payload. Error messages and what authorizers
// say of a caller may hold quotes, which would break the line.
var accessLogFields = map[string]string{
	"requestId":          "$context.requestId",
	"requestTime":        "$context.requestTime",
	"sourceIp":           "$context.identity.sourceIp",
	"caller":             "$context.identity.caller",
	"routeKey":           "$context.routeKey",
	"status":             "$context.status",
	"responseLength":     "$context.responseLength",
	"responseLatency":    "$context.responseLatency",
	"integrationLatency": "$context.integrationLatency",
	"integrationStatus":  "$context.integrationStatus",
	"error":              "$context.error.responseType",
}

func newStage(p *eventPipeline, log awslogs.LogGroup) awsapigatewayv2.HttpStage {
	stage := awsapigatewayv2.NewHttpStage(p, jsii.String("Stage"), &awsapigatewayv2.HttpStageProps{
		HttpApi:       p.httpApi,
		StageName:     jsii.String("$default"),
		AutoDeploy:    jsii.Bool(true),
		DomainMapping: domainMapping(p),
		Throttle: &awsapigatewayv2.ThrottleSettings{
			RateLimit:  p.props.ThrottlingRateLimit,
			BurstLimit: p.props.ThrottlingBurstLimit,
		},
	})
	format, err := json.Marshal(accessLogFields)
	if err != nil {
		panic(fmt.Sprintf("write the access log's format: %v", err)) // a map of strings
	}
	stage.Node().DefaultChild().(awsapigatewayv2.CfnStage).SetAccessLogSettings(&awsapigatewayv2.CfnStage_AccessLogSettingsProperty{
		DestinationArn: log.LogGroupArn(),
		Format:         jsii.String(string(format)),
	})
	return stage
}
