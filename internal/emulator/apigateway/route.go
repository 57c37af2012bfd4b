package apigateway

import (
	"errors"
	"net/url"
	"strings"
)

// route is a compiled Route.
type route struct {
	Route
	method   string // "ANY" is any
	segments []string
}

const defaultKey = "$default"

func compile(r Route) (route, error) {
	if r.Key == defaultKey {
		return route{Route: r}, nil
	}
	method, path, ok := strings.Cut(r.Key, " ")
	if !ok || method == "" || !strings.HasPrefix(path, "/") {
		return route{}, errors.New(`it is neither a method and a path, such as "GET /events", nor "$default"`)
	}
	compiled := route{Route: r, method: method, segments: split(path)}
	for i, s := range compiled.segments {
		if name, isParameter := parameter(s); isParameter && name == "" {
			return route{}, errors.New("a path parameter has no name")
		}
		if greedy(s) && i != len(compiled.segments)-1 {
			return route{}, errors.New("a greedy path parameter must be last")
		}
	}
	return compiled, nil
}

func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

func parameter(segment string) (name string, ok bool) {
	if !strings.HasPrefix(segment, "{") || !strings.HasSuffix(segment, "}") {
		return "", false
	}
	return strings.TrimSuffix(segment[1:len(segment)-1], "+"), true
}

func greedy(segment string) bool { return strings.HasSuffix(segment, "+}") }

// match is the route that a request takes, with what stands for the parameters of its path.
type match struct {
	route
	parameters map[string]string
}

// find gives the most specific route: compared from the left, a segment that is given beats a parameter, which beats a
// greedy one; then a method that is named beats ANY; $default comes last.
func find(routes []route, method, escapedPath string) (match, bool) {
	segments := split(escapedPath)
	var best match
	rank, found := "", false
	for _, r := range routes {
		parameters, its, ok := r.take(method, segments)
		if ok && (!found || its < rank) {
			best, rank, found = match{r, parameters}, its, true
		}
	}
	return best, found
}

// take matches a request. rank orders the routes that do: the least is taken.
func (r route) take(method string, segments []string) (parameters map[string]string, rank string, ok bool) {
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
		name, isParameter := parameter(want)
		switch {
		case greedy(want):
			parameters = with(parameters, name, strings.Join(segments[i:], "/"))
			return parameters, rank + "3" + r.methodRank(), segments[i] != ""
		case isParameter && segments[i] != "":
			parameters = with(parameters, name, segments[i])
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

func with(parameters map[string]string, name, escaped string) map[string]string {
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
