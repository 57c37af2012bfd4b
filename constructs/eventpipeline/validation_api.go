package eventpipeline

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonschema"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

func (v *validation) validateAuthorization(p EventPipelineProps) {
	v.require(slices.Contains(authorizations, p.Authorization), "Authorization",
		"must be one of %q, got %q", authorizations, p.Authorization)
	open := p.Authorization == AuthorizationOpenToAnyoneOnTheInternet
	v.require(open || !*p.AcceptTextPlain, "AcceptTextPlain", "must not be true with "+
		"Authorization %q: navigator.sendBeacon sends no Authorization header, and every other "+
		"client can send application/json", p.Authorization)
	if p.JwtAuthorizer != nil && p.LambdaAuthorizer != nil {
		v.addError("JwtAuthorizer", "must not be set with LambdaAuthorizer")
	} else {
		const together = "must be set if and only if Authorization is %q, got %q"
		v.require((p.Authorization == AuthorizationJWT) == (p.JwtAuthorizer != nil),
			"JwtAuthorizer", together, AuthorizationJWT, p.Authorization)
		v.require((p.Authorization == AuthorizationLambda) == (p.LambdaAuthorizer != nil),
			"LambdaAuthorizer", together, AuthorizationLambda, p.Authorization)
	}
	if p.JwtAuthorizer != nil {
		v.validateJWT(*p.JwtAuthorizer)
	}
	if p.LambdaAuthorizer != nil {
		v.validateLambdaAuthorizer(*p.LambdaAuthorizer)
	}
}

// issuerPattern matches an https URL that has no user, query or fragment.
var issuerPattern = regexp.MustCompile(`^https://[^/?#@\s]+(/[^?#\s]*)?$`)

func (v *validation) validateJWT(p JwtAuthorizerProps) {
	v.requireMatch("JwtAuthorizer.Issuer", p.Issuer, issuerPattern,
		"must be the https URL that tokens have in the claim iss")
	v.require(len(valueOrZero(p.Audience)) > 0, "JwtAuthorizer.Audience",
		"must contain a value: without a value, the API would accept any token of the issuer")
	v.requireNoSpaces("JwtAuthorizer.Audience", p.Audience)
	v.validateScopes("JwtAuthorizer.IngestScopes", p.IngestScopes)
	v.validateScopes("JwtAuthorizer.StatusScopes", p.StatusScopes)
}

// validateScopes rejects an empty list, which looks like a restriction but requires no scope.
func (v *validation) validateScopes(prop string, scopes *[]*string) {
	v.require(scopes == nil || len(*scopes) > 0, prop,
		"must not be empty: omit it if no scope is required")
	v.requireNoSpaces(prop, scopes)
}

var noSpacesPattern = regexp.MustCompile(`^[^ \t\r\n]+$`)

func (v *validation) requireNoSpaces(prop string, list *[]*string) {
	for _, text := range valueOrZero(list) {
		v.requireMatch(prop, text, noSpacesPattern, "must contain values without spaces")
	}
}

// requireMatch adds an error if a prop's text is nil or does not match pattern. It accepts every
// CDK token. The error's text contains rule, which describes the pattern.
func (v *validation) requireMatch(prop string, text *string, pattern *regexp.Regexp, rule string) {
	ok := text != nil && (isUnresolved(text) || pattern.MatchString(*text))
	v.require(ok, prop, "%s, got %s", rule, formatText(text))
}

// identityPattern matches an expression of IdentitySource, such as $request.header.Authorization.
var identityPattern = regexp.MustCompile(`^\$(request\.(header|querystring)\.[^\s.]+|` +
	`context\.[A-Za-z.]+|stageVariables\.[A-Za-z0-9_]+)$`)

func (v *validation) validateLambdaAuthorizer(p LambdaAuthorizerProps) {
	v.require(p.Handler != nil, "LambdaAuthorizer.Handler", "is required")
	types := []awsapigatewayv2authorizers.HttpLambdaResponseType{
		awsapigatewayv2authorizers.HttpLambdaResponseType_SIMPLE,
		awsapigatewayv2authorizers.HttpLambdaResponseType_IAM,
	}
	v.require(p.ResponseType == "" || slices.Contains(types, p.ResponseType),
		"LambdaAuthorizer.ResponseType", "must be one of %q, got %q", types, p.ResponseType)
	v.requireSeconds("LambdaAuthorizer.ResultsCacheTtl", cacheTTL(p), 0, 3600,
		"API Gateway's limits")
	v.require(p.IdentitySource == nil || len(*p.IdentitySource) > 0,
		"LambdaAuthorizer.IdentitySource", "must not be empty: omit it to use the default")
	for _, source := range valueOrZero(p.IdentitySource) {
		v.requireMatch("LambdaAuthorizer.IdentitySource", source, identityPattern,
			"must contain expressions such as $request.header.NAME")
	}
}

var (
	// domainPattern matches a host name in lower case that contains a dot.
	domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)
	// mappingPattern matches a path that an HTTP API's mapping accepts.
	mappingPattern = regexp.MustCompile(`^[A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*$`)
)

func (v *validation) validateDomain(p EventPipelineProps) {
	if p.DomainName != nil {
		v.requireMatch("DomainName", p.DomainName, domainPattern,
			"must be a host name in lower case, such as events.example.org")
	}
	v.require((p.DomainName == nil) == (p.DomainCertificate == nil), "DomainCertificate",
		"must be set together with DomainName")
	if p.DomainMappingKey != nil {
		v.requireMatch("DomainMappingKey", p.DomainMappingKey, mappingPattern,
			"must be a path that neither begins nor ends with a slash, such as v1")
		v.require(p.DomainName != nil, "DomainMappingKey", "must not be set without DomainName")
	}
	v.require(p.DomainOwnershipCertificate == nil || p.MutualTls != nil,
		"DomainOwnershipCertificate", "must not be set without MutualTls: it has no effect")
	disabled := *p.DisableExecuteApiEndpoint
	if p.MutualTls != nil {
		v.require(p.DomainName != nil, "MutualTls",
			"must not be set without DomainName: only a custom domain can require certificates")
		key := valueOrZero(p.MutualTls.Key)
		v.require(p.MutualTls.Bucket != nil && key != "", "MutualTls",
			"must contain the Bucket and the Key of the truststore")
		v.require(disabled, "DisableExecuteApiEndpoint",
			"must not be false with MutualTls: that endpoint requires no client certificate")
	}
	v.require(p.DomainName != nil || p.MutualTls != nil || !disabled, "DisableExecuteApiEndpoint",
		"must not be true without DomainName: the API would have no endpoint")
}

// readSchemas reads and checks the schemas in SchemaDirectory and in the folders of the webhook
// sources. For a folder with an invalid schema, it adds an error and omits the folder.
func (v *validation) readSchemas(p EventPipelineProps) jsonschema.Bundle {
	choices := []UnknownEventTypes{UnknownEventTypesAccept, UnknownEventTypesRefuse}
	v.require(slices.Contains(choices, p.UnknownEventTypes), "UnknownEventTypes",
		"must be one of %q, got %q", choices, p.UnknownEventTypes)
	var schemas jsonschema.Bundle
	if p.SchemaDirectory != nil {
		schemas = v.readSchemaFolder("SchemaDirectory", *p.SchemaDirectory)
	}
	schemas = v.addWebhookSchemas(p, schemas)
	v.require(len(schemas) > 0 || p.SchemaDirectory != nil ||
		p.UnknownEventTypes != UnknownEventTypesRefuse, "UnknownEventTypes",
		"must not be %q without SchemaDirectory: every event would be rejected",
		UnknownEventTypesRefuse)
	return schemas
}

// readSchemaFolder reads the schemas in a folder. For an invalid schema, it adds an error about the
// prop and returns nil.
func (v *validation) readSchemaFolder(prop, folder string) jsonschema.Bundle {
	if folder == "" {
		v.addError(prop, `must be a folder, got "": omit it to use no schemas`)
		return nil
	}
	schemas, err := readBundle(folder)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			v.addError(prop, "%s: %s", folder, strings.TrimSuffix(line, "\n"))
		}
		return nil
	}
	return schemas
}

func (v *validation) validateWebhooks(p EventPipelineProps) {
	v.require(p.Webhooks == nil || len(*p.Webhooks) > 0, "Webhooks",
		"must not be empty: omit it if there are no sources")
	v.require(*p.WebhooksThrottlingRateLimit > 0, "WebhooksThrottlingRateLimit",
		"must be greater than 0, got %s", formatNumber(*p.WebhooksThrottlingRateLimit))
	v.requireInteger("WebhooksThrottlingBurstLimit", *p.WebhooksThrottlingBurstLimit, 1,
		math.MaxInt32, "0 would reject all requests")
	names := map[string]bool{}
	for _, w := range valueOrZero(p.Webhooks) {
		if w == nil || w.source.Scheme == "" {
			v.addError("Webhooks", "must contain only sources that a function such as "+
				"GitHubWebhook returned")
			continue
		}
		v.validateWebhook(w)
		v.require(!names[w.source.Name], "Webhooks",
			"must not contain two sources with the name %q: they would have the same URL",
			w.source.Name)
		names[w.source.Name] = true
	}
}

func (v *validation) validateWebhook(w *WebhookSource) {
	name := w.source.Name
	if err := w.runtimeSource().Validate(); err != nil {
		for line := range strings.Lines(err.Error()) {
			v.addError("Webhooks", "source %q: %s", name, strings.TrimSuffix(line, "\n"))
		}
	}
	v.require(w.secret != nil, "Webhooks", "source %q: the secret is required", name)
	if w.MaxPayloadBytes != nil {
		v.requireInteger("Webhooks source "+name+": MaxPayloadBytes", *w.MaxPayloadBytes, 1, 2<<20,
			"Lambda accepts at most 6 MB, and JSON can double the size of the body")
	}
	v.require(w.AcceptPings == nil || w.source.Scheme == webhook.GitHub, "Webhooks",
		"source %q: AcceptPings must not be set: only GitHub sends pings", name)
	if w.hmac != nil && w.hmac.Tolerance != nil {
		v.requireSeconds("Webhooks source "+name+": Hmac.Tolerance", w.hmac.Tolerance, 1, 60*60,
			"an old request must not be accepted again")
	}
}

// requireSecretsInEnvironment rejects a secret in another account or region, because the API
// function can't read it.
func (v *validation) requireSecretsInEnvironment(stack awscdk.Stack, p EventPipelineProps) {
	for _, w := range valueOrZero(p.Webhooks) {
		if w != nil && w.secret != nil {
			v.requireEnvironment(stack, "Webhooks", w.secret, w.secret.SecretArn(),
				"store the secret of source "+w.source.Name+" in that account and region")
		}
	}
}

// addWebhookSchemas adds the schemas of the sources to the schemas of the pipeline.
func (v *validation) addWebhookSchemas(
	p EventPipelineProps, schemas jsonschema.Bundle,
) jsonschema.Bundle {
	for _, w := range valueOrZero(p.Webhooks) {
		if w == nil || w.SchemaDirectory == nil {
			continue
		}
		for file, schema := range v.readSchemaFolder("Webhooks source "+w.source.Name+
			": SchemaDirectory", *w.SchemaDirectory) {
			other, taken := schemas[file]
			v.require(!taken || bytes.Equal(other, schema), "Webhooks",
				"source %q: SchemaDirectory must contain the same %s as the other schema folders",
				w.source.Name, file)
			if schemas == nil {
				schemas = jsonschema.Bundle{}
			}
			schemas[file] = schema
		}
	}
	return schemas
}
