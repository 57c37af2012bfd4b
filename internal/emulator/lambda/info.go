package lambda

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Info describes Lambda.
var Info = protocol.Info{
	Name: protocol.Lambda, Operation: operationOf, Permissions: permissions,
	Throttled: protocol.ErrorCode{
		Status: http.StatusBadRequest, Code: "TooManyRequestsException",
	},
	Denied: protocol.ErrorCode{Status: http.StatusForbidden, Code: "AccessDeniedException"},
}

// apiPath is the start of the paths of Lambda's API.
const apiPath = "/2015-03-31/"

// operations maps requests to operations. A key is the method and the part of the path after
// apiPath. Another package serves the operations on event source mappings.
var operations = map[string]string{
	"GET functions":                      "ListFunctions",
	"GET functions/{name}":               "GetFunction",
	"GET functions/{name}/configuration": "GetFunctionConfiguration",
	"PUT functions/{name}/configuration": "UpdateFunctionConfiguration",
	"POST functions/{name}/invocations":  "Invoke",
	"GET event-source-mappings":          "ListEventSourceMappings",
	"GET event-source-mappings/{name}":   "GetEventSourceMapping",
	"PUT event-source-mappings/{name}":   "UpdateEventSourceMapping",
}

// Operations returns the sorted names of the operations.
func (*Service) Operations() []string { return slices.Sorted(maps.Values(operations)) }

// operationOf returns the operation of a request, or "" if the platform does not serve it.
func operationOf(r *http.Request) string {
	path, ok := strings.CutPrefix(r.URL.Path, apiPath)
	if !ok {
		return ""
	}
	resource, rest, _ := strings.Cut(path, "/")
	name, subresource, _ := strings.Cut(rest, "/")
	pattern := r.Method + " " + resource
	if name != "" {
		pattern += "/{name}"
	}
	if subresource != "" {
		pattern += "/" + subresource
	}
	return operations[pattern]
}
