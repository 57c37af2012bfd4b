package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
)

// api is an HTTP API that is being made: its stage, integrations and routes come one by one.
type api struct {
	stack, name  string
	logicalID    string
	stage        string // "$default", or the first part of the path
	endpoint     string // URL
	listener     net.Listener
	mapped       []string                         // URLs that it would have by domains
	integrations map[string]string                // function by integration id
	authorizers  map[string]apigateway.Authorizer // by id
	settings     apigateway.API
}

// api makes HTTP APIs; WebSocket ones are not run.
func (p *provisioner) api(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
		Name              string
		ProtocolType      string
		CorsConfiguration *struct {
			AllowCredentials                                        flag
			AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
			MaxAge                                                  number
		}
	}
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	if in.ProtocolType != "HTTP" {
		return p.skip(r, r.Type+" of protocol "+in.ProtocolType), nil
	}
	listener, err := p.ports.next()
	if err != nil {
		return cloudformation.Made{}, failed(r, err)
	}
	a := &api{
		stack: p.current.Name, name: in.Name, logicalID: r.LogicalID, stage: defaultStage,
		endpoint: "http://" + listener.Addr().String(), listener: listener,
		integrations: map[string]string{}, authorizers: map[string]apigateway.Authorizer{},
		settings: apigateway.API{
			ID: apiID(p.current.Name, r.LogicalID), Region: p.region, Account: p.account,
			Invoke: p.services.answer, AccessLog: p.services.requested, Now: p.options.Now,
		},
	}
	if c := in.CorsConfiguration; c != nil {
		a.settings.CORS = &apigateway.CORS{
			AllowOrigins: c.AllowOrigins, AllowMethods: c.AllowMethods, AllowHeaders: c.AllowHeaders, ExposeHeaders: c.ExposeHeaders,
			MaxAge: int(c.MaxAge), AllowCredentials: bool(c.AllowCredentials),
		}
	}
	p.apis = append(p.apis, a)
	return cloudformation.Made{Ref: a.settings.ID, Attributes: map[string]string{"ApiEndpoint": a.endpoint, "ApiId": a.settings.ID}}, nil
}

// findAPI is the API of that id, nil when it is not run.
func (p *provisioner) findAPI(id string) *api {
	for _, a := range p.apis {
		if a.settings.ID == id {
			return a
		}
	}
	return nil
}

const defaultStage = "$default"

func (p *provisioner) stage(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
		ApiId, StageName     string
		DefaultRouteSettings struct{ ThrottlingRateLimit, ThrottlingBurstLimit number }
	}
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	a := p.findAPI(in.ApiId)
	if a == nil {
		return p.skip(r, r.Type), nil
	}
	a.stage = in.StageName
	a.settings.RateLimit = float64(in.DefaultRouteSettings.ThrottlingRateLimit)
	a.settings.BurstLimit = int(in.DefaultRouteSettings.ThrottlingBurstLimit)
	return cloudformation.Made{Ref: in.StageName}, nil
}

func (p *provisioner) integration(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct{ ApiId, IntegrationType, IntegrationUri, PayloadFormatVersion string }
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	a := p.findAPI(in.ApiId)
	function := functionName(in.IntegrationUri)
	switch {
	case a == nil:
		return p.skip(r, r.Type), nil
	case in.IntegrationType != "AWS_PROXY" || in.PayloadFormatVersion != "2.0":
		return p.skip(r, r.Type+" other than AWS_PROXY with payload format 2.0"), nil
	case !p.functions[function]:
		return p.skip(r, r.Type+" of a function that is not run"), nil
	}
	id := strings.ToLower(uniqueSuffix(p.current.Name, r.LogicalID)[:7])
	a.integrations[id] = function
	return cloudformation.Made{Ref: id, Attributes: map[string]string{"IntegrationId": id}}, nil
}

func (p *provisioner) route(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
		ApiId, RouteKey, Target, AuthorizationType, AuthorizerId string
		AuthorizationScopes                                      []string
	}
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	a := p.findAPI(in.ApiId)
	if a == nil {
		return p.skip(r, r.Type), nil
	}
	function, ok := a.integrations[strings.TrimPrefix(in.Target, "integrations/")]
	if !ok {
		return p.skip(r, fmt.Sprintf("%s %s", r.Type, in.RouteKey)), nil
	}
	a.settings.Routes = append(a.settings.Routes, apigateway.Route{
		Key: in.RouteKey, Function: function,
		Authorizer: p.authorizerOf(a, in.AuthorizationType, in.AuthorizerId, in.AuthorizationScopes),
	})
	id := strings.ToLower(uniqueSuffix(p.current.Name, r.LogicalID)[:7])
	return cloudformation.Made{Ref: id, Attributes: map[string]string{"RouteId": id}}, nil
}

// public is what the platform tells of the API.
func (a *api) public() API {
	out := API{Stack: a.stack, Name: a.name, URL: a.url()}
	for _, r := range a.settings.Routes {
		switch r.Authorizer.(type) {
		case apigateway.IAM:
			out.Signed = true
		case apigateway.JWT:
			out.Token = true
		}
	}
	return out
}

// nameApart names APIs of one name after their logical ids, without the hash.
func nameApart(apis []*api) {
	count := map[string]int{}
	for _, a := range apis {
		count[a.stack+"/"+a.name]++
	}
	for _, a := range apis {
		if count[a.stack+"/"+a.name] > 1 {
			a.name = hash.ReplaceAllString(a.logicalID, "")
		}
	}
}

// hash is what the CDK puts behind a construct's path to make a logical id of it.
var hash = regexp.MustCompile(`[0-9A-F]{8}$`)

// open tells whether no route asks who calls.
func (a *api) open() bool {
	return !slices.ContainsFunc(a.settings.Routes, func(r apigateway.Route) bool { return r.Authorizer != nil })
}

func (a *api) url() string {
	if a.stage == defaultStage {
		return a.endpoint
	}
	return a.endpoint + "/" + a.stage
}

func (a *api) handler() (http.Handler, error) {
	compiled, err := apigateway.New(a.settings)
	if err != nil {
		return nil, fmt.Errorf("make the HTTP API %s: %w", a.name, err)
	}
	if a.stage == defaultStage {
		return compiled, nil
	}
	return http.StripPrefix("/"+a.stage, compiled), nil
}

// answer invokes a function for an HTTP API.
func (s *services) answer(ctx context.Context, function string, payload []byte) (apigateway.Result, error) {
	result, err := s.lambda.Invoke(ctx, function, payload)
	var tooLarge *lambda.TooLargeError
	if errors.As(err, &tooLarge) {
		return apigateway.Result{}, fmt.Errorf("%w: %w", apigateway.ErrTooLarge, err)
	}
	return apigateway.Result{Payload: result.Payload, FunctionError: result.FunctionError}, err
}

// localURLs puts the local URL of each HTTP API in place of those that it would have on AWS: by a domain, and the one that
// templates join from the API's id, the region and the domain.
func (p *provisioner) localURLs(text string) string {
	for _, a := range p.apis {
		for _, url := range a.mapped {
			text = strings.ReplaceAll(text, url, a.url()+"/")
		}
		text = strings.ReplaceAll(text, fmt.Sprintf("https://%s.execute-api.%s.amazonaws.com", a.settings.ID, p.region), a.endpoint)
	}
	return text
}

// serveAPI is API Gateway's operation GetApi, which says where an API is.
func serveAPI(w http.ResponseWriter, r *http.Request, apis []*api) {
	id := strings.TrimPrefix(r.URL.Path, "/v2/apis/")
	status, answer := http.StatusNotFound, map[string]string{"message": "Invalid API identifier specified " + id}
	for _, a := range apis {
		if r.Method == http.MethodGet && a.settings.ID == id {
			status, answer = http.StatusOK, map[string]string{"apiId": id, "apiEndpoint": a.endpoint, "name": a.name, "protocolType": "HTTP"}
		}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		status = http.StatusInternalServerError // strings always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away needs no answer
}
