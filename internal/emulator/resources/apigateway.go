package resources

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/sigv4"
)

// API represents an HTTP API. Other resources of the template add stages, integrations and routes
// to it.
type API struct {
	Stack, Name string
	Endpoint    string // URL without the stage
	Listener    net.Listener
	Settings    apigateway.API

	logicalID       string
	domainURLs      map[string]string                // URL under a custom domain → stage
	integrations    map[string]integration           // by integration id
	authorizers     map[string]apigateway.Authorizer // by authorizer id
	authorizerCalls map[string]functionCall          // calls of Lambda authorizers, by their id
	calls           []functionCall                   // all calls that Enforce checks
}

// integration represents an integration of an HTTP API with a function.
type integration struct {
	function string // as in apigateway.Route
	hasRole  bool   // whether API Gateway uses a role to invoke the function
}

// functionCall represents an invocation by API Gateway. The function's policy must allow it.
type functionCall struct {
	caller   string // such as "route POST /events"
	function string // as in apigateway.Route
	// source is the part of aws:SourceArn after the API's id. It can begin with anyStage.
	source string
}

const anyStage = "{stage}"

type apiProperties struct {
	Name              string
	ProtocolType      string
	CorsConfiguration *struct {
		AllowCredentials                                        flag
		AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
		MaxAge                                                  *number
	}
}

func createAPI(c *creation, in apiProperties) (values, error) {
	if in.ProtocolType != "HTTP" {
		return c.skip(" of protocol " + in.ProtocolType)
	}
	if cors := in.CorsConfiguration; cors != nil {
		if err := checkLimits(limit{"MaxAge", cors.MaxAge, -1, 86_400}); err != nil {
			return values{}, err
		}
	}
	listener, err := c.Listen()
	if err != nil {
		return values{}, err
	}
	a := &API{
		Stack: c.stack.Name, Name: in.Name, Listener: listener,
		Endpoint:   "http://" + listener.Addr().String(),
		logicalID:  c.resource.LogicalID,
		domainURLs: map[string]string{}, integrations: map[string]integration{},
		authorizers:     map[string]apigateway.Authorizer{},
		authorizerCalls: map[string]functionCall{},
		Settings: apigateway.API{
			ID: c.id(10), Region: c.Region, Account: c.Account, Now: c.Now,
		},
	}
	if cors := in.CorsConfiguration; cors != nil {
		a.Settings.CORS = &apigateway.CORS{
			AllowOrigins: cors.AllowOrigins, AllowMethods: cors.AllowMethods,
			AllowHeaders: cors.AllowHeaders, ExposeHeaders: cors.ExposeHeaders,
			AllowCredentials: bool(cors.AllowCredentials),
		}
		if cors.MaxAge != nil {
			a.Settings.CORS.MaxAge = new(cors.MaxAge.int())
		}
	}
	c.APIs = append(c.APIs, a)
	return newValues(a.Settings.ID, "ApiEndpoint", a.Endpoint, "ApiId", a.Settings.ID), nil
}

// api returns the API with the id, or nil if the emulator does not run it.
func (p *Provider) api(id string) *API {
	for _, a := range p.APIs {
		if a.Settings.ID == id {
			return a
		}
	}
	return nil
}

type stageProperties struct {
	ApiId, StageName     string
	DefaultRouteSettings struct{ ThrottlingRateLimit, ThrottlingBurstLimit *number }
	AccessLogSettings    struct{ DestinationArn, Format string }
}

func createStage(c *creation, in stageProperties) (values, error) {
	a := c.api(in.ApiId)
	if a == nil {
		return c.skip("")
	}
	_, group, _ := strings.Cut(in.AccessLogSettings.DestinationArn, ":log-group:")
	a.Settings.Stages = append(a.Settings.Stages, apigateway.Stage{
		Name:       in.StageName,
		RateLimit:  (*float64)(in.DefaultRouteSettings.ThrottlingRateLimit),
		BurstLimit: (*float64)(in.DefaultRouteSettings.ThrottlingBurstLimit),
		LogGroup:   strings.TrimSuffix(group, ":*"),
		LogFormat:  in.AccessLogSettings.Format,
	})
	return newValues(in.StageName), nil
}

// URL returns the URL of the default stage, or of the first stage if the API has no default stage.
func (a *API) URL() string {
	stages := a.Settings.Stages
	isDefault := func(s apigateway.Stage) bool { return s.Name == apigateway.DefaultStage }
	if len(stages) == 0 || slices.ContainsFunc(stages, isDefault) {
		return a.Endpoint
	}
	return a.stageURL(stages[0].Name)
}

func (a *API) stageURL(stage string) string {
	if stage == apigateway.DefaultStage {
		return a.Endpoint
	}
	return a.Endpoint + "/" + stage
}

// Handler returns a handler that serves the API's stages.
func (a *API) Handler() (http.Handler, error) {
	compiled, err := apigateway.New(a.Settings)
	if err != nil {
		return nil, fmt.Errorf("create the HTTP API %s: %w", a.Name, err)
	}
	return compiled, nil
}

// LocalURLs returns the text with local URLs in place of the APIs' AWS URLs. AWS URLs have a custom
// domain or the form https://ID.execute-api.REGION.amazonaws.com.
func (p *Provider) LocalURLs(text string) string {
	local := map[string]string{}
	for _, a := range p.APIs {
		for url, stage := range a.domainURLs {
			local[url] = a.stageURL(stage) + "/"
		}
		onAWS := fmt.Sprintf("https://%s.execute-api.%s.amazonaws.com", a.Settings.ID, p.Region)
		local[onAWS] = a.Endpoint
	}
	var pairs []string
	// Replace longer URLs first: one URL can be the beginning of another.
	for _, url := range slices.Backward(slices.Sorted(maps.Keys(local))) {
		pairs = append(pairs, url, local[url])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// NameAPIs renames the APIs that have the same name as another API of the stack. The new name is
// the API's logical id without the hash.
func (p *Provider) NameAPIs() {
	count := map[[2]string]int{}
	for _, a := range p.APIs {
		count[[2]string{a.Stack, a.Name}]++
	}
	for _, a := range p.APIs {
		if count[[2]string{a.Stack, a.Name}] > 1 {
			a.Name = logicalIDHash.ReplaceAllString(a.logicalID, "")
		}
	}
}

// logicalIDHash matches the hash at the end of a logical id that the CDK generates.
var logicalIDHash = regexp.MustCompile(`[0-9A-F]{8}$`)

type integrationProperties struct {
	ApiId, IntegrationType, IntegrationUri, PayloadFormatVersion, CredentialsArn string
}

func createIntegration(c *creation, in integrationProperties) (values, error) {
	a := c.api(in.ApiId)
	switch {
	case a == nil:
		return c.skip("")
	case in.IntegrationType != "AWS_PROXY" || in.PayloadFormatVersion != "2.0":
		return c.skip(" other than AWS_PROXY with payload format 2.0")
	case !c.runsFunction(FunctionName(in.IntegrationUri)):
		return c.skip(" of a function that is not run")
	}
	id := c.id(7)
	a.integrations[id] = integration{
		functionReference(in.IntegrationUri), in.CredentialsArn != "",
	}
	return newValues(id, "IntegrationId", id), nil
}

type routeProperties struct {
	ApiId, RouteKey, Target, AuthorizationType, AuthorizerId string
	AuthorizationScopes                                      []string
}

func createRoute(c *creation, in routeProperties) (values, error) {
	a := c.api(in.ApiId)
	if a == nil {
		return c.skip("")
	}
	target, ok := a.integrations[strings.TrimPrefix(in.Target, "integrations/")]
	if !ok {
		return c.skip(" " + in.RouteKey)
	}
	a.Settings.Routes = append(a.Settings.Routes, apigateway.Route{
		Key: in.RouteKey, Function: target.function, Authorizer: c.routeAuthorizer(a, in),
	})
	if !target.hasRole {
		method, path, _ := strings.Cut(in.RouteKey, " ")
		a.calls = append(a.calls,
			functionCall{"route " + in.RouteKey, target.function, anyStage + "/" + method + path})
	}
	call, ok := a.authorizerCalls[in.AuthorizerId]
	if ok && !slices.Contains(a.calls, call) {
		a.calls = append(a.calls, call)
	}
	id := c.id(7)
	return newValues(id, "RouteId", id), nil
}

// LocalKey is an access key that APIs with IAM authorization always accept. The secret key is the
// same string.
const LocalKey = "local"

type authorizerProperties struct {
	ApiId, Name, AuthorizerType    string
	AuthorizerUri                  string
	AuthorizerCredentialsArn       string
	AuthorizerPayloadFormatVersion string
	AuthorizerResultTtlInSeconds   *number
	EnableSimpleResponses          flag
	IdentitySource                 []string
	JwtConfiguration               struct {
		Issuer   string
		Audience []string
	}
}

// createAuthorizer creates an authorizer of an HTTP API. The routes of an unsupported authorizer
// reject all requests.
func createAuthorizer(c *creation, in authorizerProperties) (values, error) {
	a := c.api(in.ApiId)
	if a == nil {
		return c.skip("")
	}
	authorizer, problem := c.authorizer(in)
	if problem != "" {
		authorizer = apigateway.Unavailable{Reason: "the authorizer is not supported: " + problem}
		c.reportNotRun(c.resource.Type+", whose routes reject all requests: "+problem, 1)
	}
	id := c.id(6)
	a.authorizers[id] = authorizer
	if l, ok := authorizer.(*apigateway.Lambda); ok && in.AuthorizerCredentialsArn == "" {
		a.authorizerCalls[id] = functionCall{
			"authorizer " + cmp.Or(in.Name, c.resource.LogicalID), l.Function, "authorizers/" + id,
		}
	}
	return newValues(id, "AuthorizerId", id), nil
}

// authorizer returns the authorizer. problem says why the emulator does not support it, or is "".
func (c *creation) authorizer(in authorizerProperties) (_ apigateway.Authorizer, problem string) {
	for _, source := range in.IdentitySource {
		if err := apigateway.CheckIdentitySource(source); err != nil {
			problem = err.Error()
		}
	}
	switch {
	case in.AuthorizerType == "JWT" && len(in.IdentitySource) != 1:
		return nil, "it must have one identity source"
	case in.AuthorizerType == "JWT":
		verifier := oidc.Verifier{
			Issuer: in.JwtConfiguration.Issuer, Audience: in.JwtConfiguration.Audience,
			Keys: c.TokenKeys, Now: c.Now,
		}
		return apigateway.JWT{Verifier: verifier, IdentitySource: in.IdentitySource[0]}, problem
	case in.AuthorizerType != "REQUEST":
		return nil, "its type must be JWT or REQUEST, got " + in.AuthorizerType
	case in.AuthorizerPayloadFormatVersion != "2.0":
		return nil, "its payload format must be 2.0"
	case !c.runsFunction(FunctionName(in.AuthorizerUri)):
		return nil, "the local platform does not run its function"
	}
	return &apigateway.Lambda{
		Function:       functionReference(in.AuthorizerUri),
		Simple:         bool(in.EnableSimpleResponses),
		IdentitySource: in.IdentitySource,
		CacheTTL:       in.AuthorizerResultTtlInSeconds.seconds(),
	}, problem
}

// routeAuthorizer returns the authorizer of a route, or nil if the route needs no authorization.
func (c *creation) routeAuthorizer(a *API, in routeProperties) apigateway.Authorizer {
	switch in.AuthorizationType {
	case "", "NONE":
		return nil
	case "AWS_IAM":
		secrets := map[string]string{LocalKey: LocalKey}
		maps.Copy(secrets, c.Credentials)
		return apigateway.IAM{Account: c.Account, Verifier: sigv4.Verifier{
			Service: "execute-api", Region: c.Region, Secrets: secrets, Now: c.Now,
		}}
	}
	switch authorizer := a.authorizers[in.AuthorizerId].(type) {
	case nil:
		return apigateway.Unavailable{Reason: "the route's authorizer does not exist"}
	case apigateway.JWT:
		authorizer.Scopes = in.AuthorizationScopes // scopes are a property of the route
		return authorizer
	default:
		return authorizer
	}
}

// Authorization describes how the API authorizes requests:
//
//   - signed: at least one route requires signed requests
//   - token: at least one route requires a JSON Web Token
//   - open: all routes accept requests without authorization
func (a *API) Authorization() (signed, token, open bool) {
	open = true
	for _, r := range a.Settings.Routes {
		open = open && r.Authorizer == nil
		switch r.Authorizer.(type) {
		case apigateway.IAM:
			signed = true
		case apigateway.JWT:
			token = true
		}
	}
	return signed, token, open
}

type domainNameProperties struct {
	DomainName              string
	MutualTlsAuthentication map[string]any
}

// createDomainName returns the values of a custom domain, but creates no domain. The API stays on
// loopback, without TLS.
func createDomainName(c *creation, in domainNameProperties) (values, error) {
	c.reportNotRun(c.resource.Type, 1)
	if in.MutualTlsAuthentication != nil {
		c.reportNotRun("mutual TLS of "+in.DomainName, 1)
	}
	return newValues(in.DomainName,
		"DomainNameArn", "arn:aws:apigateway:"+c.Region+"::/domainnames/"+in.DomainName,
		"RegionalDomainName", "d-"+c.id(10)+".execute-api."+c.Region+".amazonaws.com",
		"RegionalHostedZoneId", "Z"+c.uniqueSuffix()), nil
}

type apiMappingProperties struct{ ApiId, DomainName, ApiMappingKey, Stage string }

// createAPIMapping records the URL of an API's stage under the custom domain. LocalURLs replaces
// this URL with the stage's local URL.
func createAPIMapping(c *creation, in apiMappingProperties) (values, error) {
	a := c.api(in.ApiId)
	if a == nil {
		return c.skip("")
	}
	url := "https://" + in.DomainName + "/"
	if in.ApiMappingKey != "" {
		url += in.ApiMappingKey + "/"
	}
	a.domainURLs[url] = in.Stage
	id := c.id(6)
	return newValues(id, "ApiMappingId", id), nil
}
