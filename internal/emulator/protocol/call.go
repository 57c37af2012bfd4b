package protocol

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// Call describes a request to an AWS API.
type Call struct {
	AccessKey string // from the signature; "" if the request is unsigned
	// Service is s3, lambda, apigateway, query (the query protocol) or a value of Targets. It is ""
	// for a request that the platform does not serve.
	Service   string
	Operation string // for example PutObject; "" if unknown or in the query protocol
}

// Targets maps a prefix of the X-Amz-Target header to a service name.
type Targets map[string]string

// queryServices lists the services that the platform serves with the query protocol, except SQS.
// The entry "" stands for the unknown service of an unsigned request.
var queryServices = []string{"cloudformation", "sts", ""}

type callKey struct{}

// KeepCall returns a handler that stores the result of the first ReadCall in the request's context.
// Later calls of ReadCall return the stored result.
func KeepCall(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, new(*Call))))
	})
}

// ReadCall finds out which service and operation a request calls.
func (t Targets) ReadCall(r *http.Request) Call {
	kept, _ := r.Context().Value(callKey{}).(**Call)
	if kept == nil {
		return t.readCall(r)
	}
	if *kept == nil {
		call := t.readCall(r)
		*kept = &call
	}
	return **kept
}

func (t Targets) readCall(r *http.Request) Call {
	call := Call{AccessKey: accessKey(r)}
	if target, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		call.Service, call.Operation = t[target], operation
		return call
	}
	switch service := calledService(r); {
	case IsQuery(r):
		if slices.Contains(queryServices, service) {
			call.Service = "query"
		}
	case service == "lambda":
		call.Service, call.Operation = service, lambdaOperation(r)
	case service == "apigateway" && r.Method == http.MethodGet && isAPI(r):
		call.Service, call.Operation = service, http.MethodGet
	case service == "" || service == "s3" && !isS3Control(r):
		call.Service, call.Operation = "s3", S3Operation(r)
	}
	return call
}

// isAPI reports whether the path names a single HTTP API.
func isAPI(r *http.Request) bool {
	id, ok := strings.CutPrefix(r.URL.Path, apisPath)
	return ok && id != "" && !strings.Contains(id, "/")
}

// isS3Control reports whether a request is for the S3 Control API. Clients sign these requests for
// the service "s3".
func isS3Control(r *http.Request) bool { return r.Header.Get("X-Amz-Account-Id") != "" }

const (
	functionsPath = "/2015-03-31/functions"
	mappingsPath  = "/2015-03-31/event-source-mappings"
)

// lambdaOperation returns the operation's name, or "" if the platform does not serve the operation.
func lambdaOperation(r *http.Request) string {
	if rest, ok := strings.CutPrefix(r.URL.Path, mappingsPath); ok {
		return mappingOperation(r.Method, strings.Trim(rest, "/"))
	}
	rest, ok := strings.CutPrefix(r.URL.Path, functionsPath)
	if !ok {
		return ""
	}
	_, suffix, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch r.Method + " " + suffix {
	case "GET ":
		if LambdaFunction(r) == "" {
			return "ListFunctions"
		}
		return "GetFunction"
	case "GET configuration":
		return "GetFunctionConfiguration"
	case "PUT configuration":
		return "UpdateFunctionConfiguration"
	case "POST invocations":
		return "Invoke"
	}
	return ""
}

// mappingOperation returns the operation of a request for event source mappings. id is the
// mapping's id, or "" for requests without an id.
func mappingOperation(method, id string) string {
	switch {
	case method == http.MethodGet && id == "":
		return "ListEventSourceMappings"
	case method == http.MethodGet:
		return "GetEventSourceMapping"
	case method == http.MethodPut && id != "":
		return "UpdateEventSourceMapping"
	}
	return ""
}

// SplitFunction splits a reference to a Lambda function into the function's name and the qualifier.
// The reference is a name, an ARN or a partial ARN. The qualifier can be "".
func SplitFunction(reference string) (name, qualifier string) {
	// A partial ARN such as function:NAME does not begin with a colon, so one is added.
	if _, after, ok := strings.Cut(":"+reference, ":function:"); ok {
		reference = after
	}
	name, qualifier, _ = strings.Cut(reference, ":")
	return name, qualifier
}

// LambdaFunction returns the function's name or ARN in the URL of a request to Lambda, or "" if
// there is none.
func LambdaFunction(r *http.Request) string {
	rest, ok := strings.CutPrefix(r.URL.Path, functionsPath+"/")
	if !ok {
		return ""
	}
	function, _, _ := strings.Cut(rest, "/")
	return function
}
