package eventpipeline

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

func newHttpApi(p *eventPipeline) awsapigatewayv2.IHttpApi {
	if p.props.HttpApi != nil {
		addRoutesToExistingApi(p, p.props.HttpApi)
		return p.props.HttpApi
	}
	props := &awsapigatewayv2.HttpApiProps{
		ApiName:            p.physicalName("api"),
		CreateDefaultStage: jsii.Bool(false), // newStage creates it, with a log and throttling
		CorsPreflight:      corsPreflight(p.props.CorsPreflight),
	}
	if *p.props.DisableExecuteApiEndpoint {
		props.DisableExecuteApiEndpoint = jsii.Bool(true)
	}
	api := awsapigatewayv2.NewHttpApi(p, jsii.String("HttpApi"), props)
	authorizer := newAuthorizer(p, "")
	ingest, status := scopes(p.props)
	integration := newIntegration(p)
	addRoute := func(
		method awsapigatewayv2.HttpMethod, path string,
		authorizer awsapigatewayv2.IHttpRouteAuthorizer, scopes *[]*string,
	) {
		api.AddRoutes(&awsapigatewayv2.AddRoutesOptions{
			Path: &path, Methods: &[]awsapigatewayv2.HttpMethod{method}, Integration: integration,
			Authorizer: authorizer, AuthorizationScopes: scopes,
		})
	}
	addRoute(awsapigatewayv2.HttpMethod_POST, contract.EventsPath, authorizer, ingest)
	addRoute(awsapigatewayv2.HttpMethod_GET, contract.EventPath, authorizer, status)
	addRoute(awsapigatewayv2.HttpMethod_GET, contract.HealthPath, noAuthorizer(), nil)
	if p.props.Webhooks != nil { // the API function verifies the signatures
		addRoute(awsapigatewayv2.HttpMethod_POST, contract.WebhookPath, noAuthorizer(), nil)
	}
	// The default route receives all other requests, and needs the same authorization. The API
	// function answers these requests with 404, or with 405 and the header Allow.
	awsapigatewayv2.NewHttpRoute(api, jsii.String("DefaultRoute"), &awsapigatewayv2.HttpRouteProps{
		HttpApi:     api,
		RouteKey:    awsapigatewayv2.HttpRouteKey_DEFAULT(),
		Integration: integration,
		Authorizer:  authorizer,
	})
	if p.props.CorsPreflight != nil {
		// A preflight request carries no credentials, so the default route's authorizer would
		// reject it. The route below has no authorizer. API Gateway answers the preflight request
		// itself.
		addRoute(awsapigatewayv2.HttpMethod_OPTIONS, "/{proxy+}", noAuthorizer(), nil)
	}
	pinPayloadFormat(api, "")
	return api
}

// corsPreflight returns a copy of the options. In the copy, it sets AllowMethods, AllowHeaders and
// ExposeHeaders to their defaults if they are nil.
func corsPreflight(
	options *awsapigatewayv2.CorsPreflightOptions,
) *awsapigatewayv2.CorsPreflightOptions {
	if options == nil {
		return nil
	}
	cors := *options
	if cors.AllowMethods == nil {
		cors.AllowMethods = &[]awsapigatewayv2.CorsHttpMethod{
			awsapigatewayv2.CorsHttpMethod_GET, awsapigatewayv2.CorsHttpMethod_POST,
		}
	}
	if cors.AllowHeaders == nil {
		// The wildcard * is not enough: browsers do not apply it to the header Authorization, or to
		// requests with cookies.
		cors.AllowHeaders = jsii.Strings("authorization", "content-encoding", "content-type",
			contract.IdempotencyKeyHeader, contract.PreferHeader, "x-amz-content-sha256",
			"x-amz-date", "x-amz-security-token", "ce-dataschema", "ce-id", "ce-source",
			"ce-specversion", "ce-subject", "ce-time", "ce-type")
	}
	if cors.ExposeHeaders == nil {
		cors.ExposeHeaders = jsii.Strings(
			contract.IdempotencyReplayedHeader, contract.PreferenceAppliedHeader, "retry-after")
	}
	return &cors
}

// addRoutesToExistingApi adds POST /events and GET /events/{eventId}. If there are webhook sources,
// it also adds their route. The authorizer becomes a child of the API. The authorizer's id begins
// with the pipeline's id.
func addRoutesToExistingApi(p *eventPipeline, api awsapigatewayv2.IHttpApi) {
	authorizer := newAuthorizer(p, *p.Node().Id())
	ingest, status := scopes(p.props)
	integration := newIntegration(p)
	addRoute := func(
		id string, method awsapigatewayv2.HttpMethod, path string,
		authorizer awsapigatewayv2.IHttpRouteAuthorizer, scopes *[]*string,
	) {
		awsapigatewayv2.NewHttpRoute(p, &id, &awsapigatewayv2.HttpRouteProps{
			HttpApi:             api,
			RouteKey:            awsapigatewayv2.HttpRouteKey_With(&path, method),
			Integration:         integration,
			Authorizer:          authorizer,
			AuthorizationScopes: scopes,
		})
	}
	const post, get = awsapigatewayv2.HttpMethod_POST, awsapigatewayv2.HttpMethod_GET
	addRoute("IngestRoute", post, contract.EventsPath, authorizer, ingest)
	addRoute("StatusRoute", get, contract.EventPath, authorizer, status)
	if p.props.Webhooks != nil {
		addRoute(webhookRouteID, post, contract.WebhookPath, noAuthorizer(), nil)
	}
	pinPayloadFormat(api, *p.Node().Id())
}

func newIntegration(p *eventPipeline) awsapigatewayv2.HttpRouteIntegration {
	id := jsii.String("Api")
	return awsapigatewayv2integrations.NewHttpLambdaIntegration(id, p.apiFunction, nil)
}

// healthRoute is the route key of the health check, which needs no authorization.
const healthRoute = "GET " + contract.HealthPath

// accessLogFields maps the fields of the access log to API Gateway's variables. No field contains a
// header, query or payload. Error messages and an authorizer's claims are omitted, because a quote
// in them breaks the JSON of the log line.
var accessLogFields = map[string]string{
	"requestId":          "$context.requestId",
	"apiId":              "$context.apiId",
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

func newStage(p *eventPipeline) awsapigatewayv2.HttpStage {
	props := &awsapigatewayv2.HttpStageProps{
		HttpApi:    p.httpApi,
		StageName:  jsii.String("$default"),
		AutoDeploy: jsii.Bool(true),
		Throttle: &awsapigatewayv2.ThrottleSettings{
			RateLimit:  p.props.ThrottlingRateLimit,
			BurstLimit: p.props.ThrottlingBurstLimit,
		},
	}
	if p.domainName != nil {
		props.DomainMapping = &awsapigatewayv2.DomainMappingOptions{
			DomainName: p.domainName, MappingKey: p.props.DomainMappingKey,
		}
	}
	stage := awsapigatewayv2.NewHttpStage(p, jsii.String("Stage"), props)
	format, err := json.Marshal(accessLogFields)
	if err != nil {
		panic(fmt.Sprintf("encode the access log's format: %v", err)) // can't fail for strings
	}
	resource := stage.Node().DefaultChild().(awsapigatewayv2.CfnStage)
	throttleRoutes(p, resource)
	resource.SetAccessLogSettings(
		&awsapigatewayv2.CfnStage_AccessLogSettingsProperty{
			DestinationArn: p.accessLogGroup.LogGroupArn(),
			Format:         jsii.String(string(format)),
		})
	return stage
}

// These limits apply to GET /health, a route that everyone can call.
const (
	healthRateLimit  = 10 // requests per second
	healthBurstLimit = 20
)

// throttleRoutes sets separate limits for the routes without an authorizer. Anonymous requests
// therefore don't count against the limits of the other routes.
func throttleRoutes(p *eventPipeline, stage awsapigatewayv2.CfnStage) {
	settings := map[string]any{healthRoute: map[string]any{
		"ThrottlingRateLimit": healthRateLimit, "ThrottlingBurstLimit": healthBurstLimit,
	}}
	throttled := []string{"GET--health"}
	if p.props.Webhooks != nil {
		settings["POST "+contract.WebhookPath] = map[string]any{
			"ThrottlingRateLimit":  p.props.WebhooksThrottlingRateLimit,
			"ThrottlingBurstLimit": p.props.WebhooksThrottlingBurstLimit,
		}
		throttled = append(throttled, webhookRouteOfNewAPI)
	}
	stage.SetRouteSettings(settings)
	for _, route := range throttled {
		// API Gateway rejects settings of a route that does not exist yet.
		stage.Node().AddDependency(p.httpApi.Node().FindChild(&route))
	}
}

// newDomainName creates the custom domain name. It returns nil if the prop DomainName is not set.
func newDomainName(p *eventPipeline) awsapigatewayv2.DomainName {
	if p.props.DomainName == nil {
		return nil
	}
	return awsapigatewayv2.NewDomainName(p, jsii.String("DomainName"),
		&awsapigatewayv2.DomainNameProps{
			DomainName:     p.props.DomainName,
			Certificate:    p.props.DomainCertificate,
			SecurityPolicy: awsapigatewayv2.SecurityPolicy_TLS_1_2,
			Mtls:           p.props.MutualTls,

			OwnershipCertificate: p.props.DomainOwnershipCertificate,
		})
}

func (p *eventPipeline) ApiUrl() *string {
	switch {
	case p.httpStage == nil: // an existing API
		if stage := p.httpApi.DefaultStage(); stage != nil {
			return stage.Url()
		}
		return nil
	case p.domainName == nil:
		return p.httpStage.Url()
	}
	url := "https://" + *p.domainName.Name() + "/"
	if p.props.DomainMappingKey != nil {
		url += *p.props.DomainMappingKey + "/"
	}
	return &url
}
