package resources

import (
	"fmt"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
)

// apiWithAlias contains an API, an authorizer and an event source mapping. They invoke the alias
// "live" of a function. Each %s stands for more properties.
const apiWithAlias = `
	"Fn": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "fn",
		"Runtime": "provided.al2023", "Code": {"S3Key": "asset"}}},
	"Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Fn"}}},
	"Alias": {"Type": "AWS::Lambda::Alias", "Properties": {"Name": "live",
		"FunctionName": {"Ref": "Fn"}, "FunctionVersion": {"Fn::GetAtt": "Version.Version"}}},
	"Queue": {"Type": "AWS::SQS::Queue"},
	"Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
		"FunctionName": {"Ref": "Alias"}, "EventSourceArn": {"Fn::GetAtt": "Queue.Arn"}}},
	"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP"}},
	"Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"StageName": "v1",
		"ApiId": {"Ref": "Api"}}},
	"Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
		"ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
		"IntegrationUri": {"Ref": "Alias"} %s}},
	"Authorizer": {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {
		"ApiId": {"Ref": "Api"}, "Name": "tokens", "AuthorizerType": "REQUEST",
		"AuthorizerPayloadFormatVersion": "2.0", "AuthorizerUri": {"Fn::Sub":
		"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Alias}/invocations"}
		%s}},
	"Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"ApiId": {"Ref": "Api"},
		"RouteKey": "GET /", "AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Authorizer"},
		"Target": {"Fn::Sub": "integrations/${Integration}"}}}`

// permission returns a resource that allows API Gateway to invoke a function. source is the end of
// the ARN of the route or authorizer.
func permission(id, function, source string) string {
	return fmt.Sprintf(`, %q: {"Type": "AWS::Lambda::Permission", "Properties": {
		"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
		"FunctionName": {"Ref": %q}, "SourceArn": {"Fn::Sub":
		"arn:aws:execute-api:us-east-1:000000000000:${Api}/%s"}}}`, id, function, source)
}

func TestReferences_KeepTheAlias(t *testing.T) {
	p := newTestProvider(t)
	if err := create(t, p, fmt.Sprintf(apiWithAlias, "", "")); err != nil {
		t.Fatal(err)
	}
	if m := p.Mappings[0]; m.Function != "fn" || m.Qualifier != "live" {
		t.Errorf("the mapping invokes %s:%s, want fn:live", m.Function, m.Qualifier)
	}
	route := p.APIs[0].Settings.Routes[0]
	authorizer := route.Authorizer.(*apigateway.Lambda)
	if route.Function != "fn:live" || authorizer.Function != "fn:live" {
		t.Errorf("the route invokes %s and its authorizer %s, want fn:live",
			route.Function, authorizer.Function)
	}
}

func TestEnforce_RequiresPermissionsForTheRouteAndItsAuthorizer(t *testing.T) {
	route := permission("RoutePermission", "Alias", "*/GET/")
	authorizer := permission("AuthorizerPermission", "Alias", "authorizers/${Authorizer}")
	const role = `"arn:aws:iam::000000000000:role/api"`
	for name, c := range map[string]struct{ template, missing string }{
		"both":          {fmt.Sprintf(apiWithAlias, "", "") + route + authorizer, ""},
		"no authorizer": {fmt.Sprintf(apiWithAlias, "", "") + route, "authorizer tokens"},
		"no route":      {fmt.Sprintf(apiWithAlias, "", "") + authorizer, "route GET /"},
		"route without the alias": {fmt.Sprintf(apiWithAlias, "", "") + authorizer +
			permission("RoutePermission", "Fn", "*/GET/"), "route GET /"},
		"another authorizer": {fmt.Sprintf(apiWithAlias, "", "") + route +
			permission("AuthorizerPermission", "Alias", "authorizers/other"), "authorizer tokens"},
		"roles": {fmt.Sprintf(apiWithAlias, `, "CredentialsArn": `+role,
			`, "AuthorizerCredentialsArn": `+role), ""},
	} {
		p := newTestProvider(t)
		if err := create(t, p, c.template); err != nil {
			t.Fatal(err)
		}
		err := p.Enforce(&iam.Authorizer{Region: "us-east-1", Account: "000000000000"},
			func(string, string, error) {})
		if c.missing == "" && err != nil ||
			c.missing != "" && (err == nil || !strings.Contains(err.Error(), c.missing)) {
			t.Errorf("%s: got %v, want an error about %q", name, err, c.missing)
		}
	}
}
