package eventpipeline_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

func invalidAuthorization() map[string]invalidProps {
	lambda := func(p eventpipeline.LambdaAuthorizerProps) props {
		return props{LambdaAuthorizer: &p}
	}
	open := eventpipeline.AuthorizationOpenToAnyoneOnTheInternet
	return map[string]invalidProps{
		"Authorization": invalid(props{Authorization: "NONE"},
			`Authorization "IAM" "JWT" "LAMBDA" "OPEN_TO_ANYONE_ON_THE_INTERNET" "NONE"`),
		"JWTWithoutAuthorizer": invalid(props{Authorization: eventpipeline.AuthorizationJWT},
			`JwtAuthorizer Authorization "JWT"`),
		"LambdaWithoutAuthorizer": invalid(props{Authorization: eventpipeline.AuthorizationLambda},
			`LambdaAuthorizer Authorization "LAMBDA"`),
		"OpenWithAuthorizer": invalid(props{Authorization: open, JwtAuthorizer: jwtProps()},
			`JwtAuthorizer Authorization "JWT" "OPEN_TO_ANYONE_ON_THE_INTERNET"`),
		"IAMWithAuthorizer": invalid(
			props{Authorization: eventpipeline.AuthorizationIAM, JwtAuthorizer: jwtProps()},
			`JwtAuthorizer Authorization "JWT" "IAM"`),
		"BothAuthorizers": invalid(
			props{JwtAuthorizer: jwtProps(),
				LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{}},
			"JwtAuthorizer LambdaAuthorizer", "LambdaAuthorizer.Handler"),
		"JWTEmpty": invalid(props{JwtAuthorizer: &eventpipeline.JwtAuthorizerProps{}},
			"JwtAuthorizer.Issuer https nil", "JwtAuthorizer.Audience"),
		"JWTByPlainHTTP": invalid(
			props{JwtAuthorizer: &eventpipeline.JwtAuthorizerProps{
				Issuer:       jsii.String("http://login.example.org"),
				Audience:     jsii.Strings("a b"),
				IngestScopes: &[]*string{}, StatusScopes: jsii.Strings(""),
			}},
			`JwtAuthorizer.Issuer https "http://login.example.org"`, `JwtAuthorizer.Audience "a b"`,
			"JwtAuthorizer.IngestScopes empty", `JwtAuthorizer.StatusScopes ""`),
		"LambdaAuthorizer": invalid(
			lambda(eventpipeline.LambdaAuthorizerProps{
				ResponseType:    "YES",
				ResultsCacheTtl: hours(2),
				IdentitySource:  &[]*string{jsii.String("Authorization"), nil},
			}),
			"LambdaAuthorizer.Handler", `LambdaAuthorizer.ResponseType "SIMPLE" "IAM" "YES"`,
			"LambdaAuthorizer.ResultsCacheTtl 0 3600 7200",
			`LambdaAuthorizer.IdentitySource $request.header.NAME "Authorization"`,
			`LambdaAuthorizer.IdentitySource nil`),
		"LambdaAuthorizerWithoutSource": invalid(
			lambda(eventpipeline.LambdaAuthorizerProps{IdentitySource: &[]*string{}}),
			"LambdaAuthorizer.Handler", "LambdaAuthorizer.IdentitySource empty"),
		"StatusForAllCallersOfOpenApi": invalid(
			props{Authorization: open, StatusForAllCallers: jsii.Bool(true)},
			`StatusForAllCallers Authorization "OPEN_TO_ANYONE_ON_THE_INTERNET"`),
	}
}

func invalidApis() map[string]invalidProps {
	noOrigins := &awsapigatewayv2.CorsPreflightOptions{AllowOrigins: &[]*string{}}
	return map[string]invalidProps{
		"DomainWithoutCertificate": invalid(
			props{
				DomainName:       jsii.String("Events.example.org"),
				DomainMappingKey: jsii.String("/v1/"),
			},
			`DomainName "Events.example.org"`,
			"DomainCertificate DomainName",
			`DomainMappingKey "/v1/"`,
		),
		"MappingWithoutDomain": invalid(props{DomainMappingKey: jsii.String("v1")},
			"DomainMappingKey DomainName"),
		"MutualTlsWithoutDomain": invalid(
			props{
				MutualTls:                 &awsapigatewayv2.MTLSConfig{},
				DisableExecuteApiEndpoint: jsii.Bool(false),
			},
			"MutualTls DomainName",
			"MutualTls Bucket Key",
			"DisableExecuteApiEndpoint MutualTls",
		),
		"NoEndpoint": invalid(props{DisableExecuteApiEndpoint: jsii.Bool(true)},
			"DisableExecuteApiEndpoint DomainName"),
		"MaxPayloadBytes": invalid(props{MaxPayloadBytes: jsii.Number(2<<20 + 1)},
			"MaxPayloadBytes 1 2097152 2097153"),
		"AcceptTextPlain": invalid(props{AcceptTextPlain: jsii.Bool(true)},
			`AcceptTextPlain Authorization "IAM"`),
		"NotificationFormat": invalid(props{NotificationFormat: "XML"},
			`NotificationFormat "JSON" "CLOUDEVENTS" "XML"`),
		"Throttling": invalid(
			props{ThrottlingRateLimit: jsii.Number(0), ThrottlingBurstLimit: jsii.Number(0)},
			"ThrottlingRateLimit 0", "ThrottlingBurstLimit 1 2147483647 0"),
		"CorsWithoutOrigins": invalid(
			props{CorsPreflight: noOrigins}, "CorsPreflight AllowOrigins"),
	}
}

func invalidSchemas(t *testing.T) map[string]invalidProps {
	t.Helper()
	violating := folderOf(t, map[string]string{
		"a.json": `{"properties":{"x":{"minimum":"1"}}}`,
		"b.json": `{"$ref":"https://example.com/x"}`,
	})
	broken := folderOf(t, map[string]string{"a.json": "{\n  oops\n}"})
	empty, outside := folderOf(t, nil), linkedFolder(t)
	directory := func(name *string) props { return props{SchemaDirectory: name} }
	refuse := eventpipeline.UnknownEventTypesRefuse
	return map[string]invalidProps{
		"SchemasViolating": invalid(directory(violating),
			"SchemaDirectory a.json#/properties/x/minimum "+*violating,
			`SchemaDirectory b.json#/$ref "https://example.com/x" `+*violating),
		"SchemasBroken": invalid(directory(broken), "SchemaDirectory a.json:2:3 'o' "+*broken),
		"SchemasEmpty":  invalid(directory(empty), "SchemaDirectory <eventType>.json "+*empty),
		"SchemasOutside": invalid(
			directory(outside), "SchemaDirectory demo.json escapes "+*outside),
		"SchemasNoFolder": invalid(directory(jsii.String("")), `SchemaDirectory ""`),
		"SchemasMissing":  invalid(directory(jsii.String("nowhere")), "SchemaDirectory nowhere"),
		"Notifications": invalid(props{Notifications: "SOME"},
			`Notifications "PER_EVENT" "PER_BATCH" "NONE" "SOME"`),
		"UnknownEventTypes": invalid(props{UnknownEventTypes: "DROP"},
			`UnknownEventTypes "ACCEPT" "REFUSE" "DROP"`),
		"UnknownEventTypesWithoutSchemas": invalid(props{UnknownEventTypes: refuse},
			`UnknownEventTypes "REFUSE" SchemaDirectory`),
	}
}
