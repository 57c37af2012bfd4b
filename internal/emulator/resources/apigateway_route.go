package resources

import (
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
)

type integrationProperties struct {
	ApiId, IntegrationType, IntegrationUri, PayloadFormatVersion string
}

func createIntegration(c *creation, in integrationProperties) (values, error) {
	a := c.api(in.ApiId)
	function := FunctionName(in.IntegrationUri)
	switch {
	case a == nil:
		return c.skip("")
	case in.IntegrationType != "AWS_PROXY" || in.PayloadFormatVersion != "2.0":
		return c.skip(" other than AWS_PROXY with payload format 2.0")
	case !c.runs(function):
		return c.skip(" of a function that is not run")
	}
	id := c.id(7)
	a.integrations[id] = function
	return created(id, "IntegrationId", id), nil
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
	function, ok := a.integrations[strings.TrimPrefix(in.Target, "integrations/")]
	if !ok {
		return c.skip(" " + in.RouteKey)
	}
	a.Settings.Routes = append(a.Settings.Routes, apigateway.Route{
		Key: in.RouteKey, Function: function, Authorizer: c.routeAuthorizer(a, in),
	})
	id := c.id(7)
	return created(id, "RouteId", id), nil
}
