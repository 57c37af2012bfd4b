package resources

import (
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
)

// API represents an HTTP API. Its stage, integrations and routes are resources that are created
// later.
type API struct {
	Stack, Name string
	Endpoint    string // URL without the stage
	Listener    net.Listener
	Settings    apigateway.API

	logicalID    string
	stage        string                           // "$default", or the first segment of the path
	domainURLs   []string                         // URLs by custom domains
	integrations map[string]string                // function by integration id
	authorizers  map[string]apigateway.Authorizer // by id
}

type apiProperties struct {
	Name              string
	ProtocolType      string
	CorsConfiguration *struct {
		AllowCredentials                                        flag
		AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
		MaxAge                                                  number
	}
}

func createAPI(c *creation, in apiProperties) (values, error) {
	if in.ProtocolType != "HTTP" {
		return c.skip(" of protocol " + in.ProtocolType)
	}
	listener, err := c.Listen()
	if err != nil {
		return values{}, err
	}
	a := &API{
		Stack: c.stack.Name, Name: in.Name, Listener: listener,
		Endpoint:  "http://" + listener.Addr().String(),
		logicalID: c.resource.LogicalID, stage: defaultStage,
		integrations: map[string]string{}, authorizers: map[string]apigateway.Authorizer{},
		Settings: apigateway.API{ID: c.id(10), Region: c.Region, Account: c.Account, Now: c.Now},
	}
	if cors := in.CorsConfiguration; cors != nil {
		a.Settings.CORS = &apigateway.CORS{
			AllowOrigins: cors.AllowOrigins, AllowMethods: cors.AllowMethods,
			AllowHeaders: cors.AllowHeaders, ExposeHeaders: cors.ExposeHeaders,
			MaxAge: int(cors.MaxAge), AllowCredentials: bool(cors.AllowCredentials),
		}
	}
	c.APIs = append(c.APIs, a)
	return created(a.Settings.ID, "ApiEndpoint", a.Endpoint, "ApiId", a.Settings.ID), nil
}

// api returns the API of an id; nil if it is not run.
func (p *Provider) api(id string) *API {
	i := slices.IndexFunc(p.APIs, func(a *API) bool { return a.Settings.ID == id })
	if i < 0 {
		return nil
	}
	return p.APIs[i]
}

const defaultStage = "$default"

type stageProperties struct {
	ApiId, StageName     string
	DefaultRouteSettings struct{ ThrottlingRateLimit, ThrottlingBurstLimit number }
}

func createStage(c *creation, in stageProperties) (values, error) {
	a := c.api(in.ApiId)
	if a == nil {
		return c.skip("")
	}
	a.stage = in.StageName
	a.Settings.RateLimit = float64(in.DefaultRouteSettings.ThrottlingRateLimit)
	a.Settings.BurstLimit = int(in.DefaultRouteSettings.ThrottlingBurstLimit)
	return created(in.StageName), nil
}

// URL returns the URL of the stage.
func (a *API) URL() string {
	if a.stage == defaultStage {
		return a.Endpoint
	}
	return a.Endpoint + "/" + a.stage
}

// Handler serves the stage.
func (a *API) Handler() (http.Handler, error) {
	compiled, err := apigateway.New(a.Settings)
	if err != nil {
		return nil, fmt.Errorf("create the HTTP API %s: %w", a.Name, err)
	}
	if a.stage == defaultStage {
		return compiled, nil
	}
	return http.StripPrefix("/"+a.stage, compiled), nil
}

// LocalURLs replaces the URLs that APIs would have on AWS by their local ones: those by a custom
// domain, and those that templates join from an API's id, the region and AWS's domain.
func (p *Provider) LocalURLs(text string) string {
	for _, a := range p.APIs {
		for _, url := range a.domainURLs {
			text = strings.ReplaceAll(text, url, a.URL()+"/")
		}
		onAWS := fmt.Sprintf("https://%s.execute-api.%s.amazonaws.com", a.Settings.ID, p.Region)
		text = strings.ReplaceAll(text, onAWS, a.Endpoint)
	}
	return text
}

// NameAPIs renames APIs of one stack that share a name: to their logical id without its hash.
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
