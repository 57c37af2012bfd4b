package apigateway

import (
	"errors"
	"net/url"
	"strings"
)

// route represents a compiled Route.
type route struct {
	Route
	method   string // can be ANY
	segments []string
}

const defaultKey = "$default"

func compileRoute(r Route) (route, error) {
	if r.Key == defaultKey {
		return route{Route: r}, nil
	}
	method, path, ok := strings.Cut(r.Key, " ")
	if !ok || method == "" || !strings.HasPrefix(path, "/") {
		return route{},
			errors.New(`a route key must be "$default" or a method and a path, ` +
				`such as "GET /events"`)
	}
	compiled := route{Route: r, method: method, segments: splitPath(path)}
	for i, s := range compiled.segments {
		if name, isParameter := parameterName(s); isParameter && name == "" {
			return route{}, errors.New("a path parameter must have a name, such as {id}")
		}
		if isGreedy(s) && i != len(compiled.segments)-1 {
			return route{},
				errors.New("a greedy path parameter such as {path+} must be the last segment")
		}
	}
	return compiled, nil
}

func splitPath(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

func parameterName(segment string) (name string, ok bool) {
	if !strings.HasPrefix(segment, "{") || !strings.HasSuffix(segment, "}") {
		return "", false
	}
	return strings.TrimSuffix(segment[1:len(segment)-1], "+"), true
}

func isGreedy(segment string) bool { return strings.HasSuffix(segment, "+}") }

// matchedRoute holds the route of a request and the values of its path parameters.
type matchedRoute struct {
	route
	pathParameters map[string]string
}

// findRoute returns the most specific route that matches. It compares path segments from left to
// right, in this order:
//
//   - a literal
//   - a path parameter
//   - a greedy path parameter
//
// If all segments are equally specific, a route for one method comes before a route for ANY.
// $default comes last.
func findRoute(routes []route, method, escapedPath string) (matchedRoute, bool) {
	segments := splitPath(escapedPath)
	var best matchedRoute
	bestRank, found := "", false
	for _, r := range routes {
		parameters, rank, ok := r.matchRequest(method, segments)
		if ok && (!found || rank < bestRank) {
			best, bestRank, found = matchedRoute{r, parameters}, rank, true
		}
	}
	return best, found
}

// matchRequest reports whether the route matches the request. It also returns the path parameters
// and the route's rank. The most specific route has the lowest rank.
func (r route) matchRequest(
	method string, segments []string,
) (parameters map[string]string, rank string, ok bool) {
	if r.Key == defaultKey {
		return nil, "9", true
	}
	if r.method != "ANY" && r.method != method {
		return nil, "", false
	}
	for i, want := range r.segments {
		if i >= len(segments) {
			return nil, "", false
		}
		name, isParameter := parameterName(want)
		switch {
		case isGreedy(want):
			parameters = withParameter(parameters, name, strings.Join(segments[i:], "/"))
			return parameters, rank + "3" + r.methodRank(), segments[i] != ""
		case isParameter && segments[i] != "":
			parameters = withParameter(parameters, name, segments[i])
			rank += "2"
		case want == segments[i]:
			rank += "1"
		default:
			return nil, "", false
		}
	}
	return parameters, rank + r.methodRank(), len(segments) == len(r.segments)
}

func (r route) methodRank() string {
	if r.method == "ANY" {
		return "b"
	}
	return "a"
}

func withParameter(parameters map[string]string, name, escaped string) map[string]string {
	if parameters == nil {
		parameters = make(map[string]string)
	}
	value, err := url.PathUnescape(escaped)
	if err != nil {
		value = escaped
	}
	parameters[name] = value
	return parameters
}
