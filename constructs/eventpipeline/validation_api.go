package eventpipeline

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
)

// authorization finds what leaves open who may call the API.
func (m *mistakes) authorization(p EventPipelineProps) {
	m.unless(slices.Contains(authorizations, p.Authorization), "Authorization is %q; take one of %q", p.Authorization, authorizations)
	if p.JwtAuthorizer != nil && p.LambdaAuthorizer != nil {
		m.unless(false, "JwtAuthorizer and LambdaAuthorizer are both given; give one of them")
	} else {
		m.unless((p.Authorization == AuthorizationJWT) == (p.JwtAuthorizer != nil),
			"Authorization %q and JwtAuthorizer go together: give both, or neither", AuthorizationJWT)
		m.unless((p.Authorization == AuthorizationLambda) == (p.LambdaAuthorizer != nil),
			"Authorization %q and LambdaAuthorizer go together: give both, or neither", AuthorizationLambda)
	}
	if p.JwtAuthorizer != nil {
		m.jwt(*p.JwtAuthorizer)
	}
	if p.LambdaAuthorizer != nil {
		m.lambda(*p.LambdaAuthorizer)
	}
}

// issuerPattern is an https URL without user, query and fragment.
var issuerPattern = regexp.MustCompile(`^https://[^/?#@\s]+(/[^?#\s]*)?$`)

func (m *mistakes) jwt(p JwtAuthorizerProps) {
	m.unless(p.Issuer != nil && (unresolved(p.Issuer) || issuerPattern.MatchString(*p.Issuer)),
		"JwtAuthorizer.Issuer is %s; take the https URL that tokens have as iss", quoted(p.Issuer))
	m.unless(p.Audience != nil && len(*p.Audience) > 0, "JwtAuthorizer.Audience is empty; name at least one, or any token of the issuer's would do")
	m.words("JwtAuthorizer.Audience", p.Audience)
	m.scopes("JwtAuthorizer.IngestScopes", p.IngestScopes)
	m.scopes("JwtAuthorizer.StatusScopes", p.StatusScopes)
}

// scopes refuses an empty list, which looks like asking for something.
func (m *mistakes) scopes(name string, list *[]*string) {
	m.unless(list == nil || len(*list) > 0, "%s is empty; leave it out if no scope is asked for", name)
	m.words(name, list)
}

// words asks for texts without blanks.
func (m *mistakes) words(name string, list *[]*string) {
	if list == nil {
		return
	}
	for _, word := range *list {
		m.unless(unresolved(word) || *word != "" && !strings.ContainsAny(*word, " \t\r\n"), "%s has %s; take texts without blanks", name, quoted(word))
	}
}

// identityPattern is a selection expression of an HTTP API's Lambda authorizer.
var identityPattern = regexp.MustCompile(`^\$(request\.(header|querystring)\.[^\s.]+|context\.[A-Za-z.]+|stageVariables\.[A-Za-z0-9_]+)$`)

func (m *mistakes) lambda(p LambdaAuthorizerProps) {
	m.unless(p.Handler != nil, "LambdaAuthorizer.Handler is missing; give the function that decides")
	types := []awsapigatewayv2authorizers.HttpLambdaResponseType{"", awsapigatewayv2authorizers.HttpLambdaResponseType_SIMPLE, awsapigatewayv2authorizers.HttpLambdaResponseType_IAM}
	m.unless(slices.Contains(types, p.ResponseType), "LambdaAuthorizer.ResponseType is %q; take one of %q", p.ResponseType, types[1:])
	m.within("LambdaAuthorizer.ResultsCacheTtl in seconds", seconds(cacheTtl(p)), 0, 3600, "as API Gateway does")
	if p.IdentitySource == nil {
		return
	}
	m.unless(len(*p.IdentitySource) > 0, "LambdaAuthorizer.IdentitySource is empty; leave it out for $request.header.Authorization")
	for _, source := range *p.IdentitySource {
		m.unless(identityPattern.MatchString(*source),
			"LambdaAuthorizer.IdentitySource has %s; take such as $request.header.NAME or $request.querystring.NAME", quoted(source))
	}
}

var (
	// domainPattern is a host name in lower case, with a dot.
	domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)
	// mappingPattern is a path of an HTTP API's mapping, without slashes at its ends.
	mappingPattern = regexp.MustCompile(`^[A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*$`)
)

// domain finds what leaves the API without a way in, or with one too many.
func (m *mistakes) domain(p EventPipelineProps) {
	m.unless(p.DomainName == nil || unresolved(p.DomainName) || domainPattern.MatchString(*p.DomainName),
		"DomainName is %s; take a host name in lower case, such as events.example.org", quoted(p.DomainName))
	m.unless((p.DomainName == nil) == (p.DomainCertificate == nil), "DomainName and DomainCertificate go together: give both, or neither")
	m.unless(p.DomainName != nil || p.DomainMappingKey == nil, "DomainMappingKey is a path of DomainName; give that, too")
	m.unless(p.DomainMappingKey == nil || unresolved(p.DomainMappingKey) || mappingPattern.MatchString(*p.DomainMappingKey),
		"DomainMappingKey is %s; take a path without slashes at its ends, such as v1", quoted(p.DomainMappingKey))
	m.unless(p.DomainName != nil || p.MutualTls == nil, "MutualTls needs a DomainName: the execute-api endpoint asks for no certificate")
	m.unless(p.MutualTls == nil || p.MutualTls.Bucket != nil && p.MutualTls.Key != nil && *p.MutualTls.Key != "",
		"MutualTls needs the Bucket and the Key of the truststore")
	m.unless(p.MutualTls == nil || *p.DisableExecuteApiEndpoint, "MutualTls with the execute-api endpoint left on can be got around; leave DisableExecuteApiEndpoint out")
	m.unless(p.DomainName != nil || p.MutualTls != nil || !*p.DisableExecuteApiEndpoint, "DisableExecuteApiEndpoint needs a DomainName, or nobody gets in")
}

// unresolved tells whether the text is known only to CloudFormation.
func unresolved(text *string) bool { return *awscdk.Token_IsUnresolved(text) }

func quoted(text *string) string {
	if text == nil {
		return "missing"
	}
	return `"` + *text + `"`
}
