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
	// Service is the name of a service, or Query for the query protocol. It is "" for a request
	// that the platform does not serve.
	Service   string
	Operation string // for example PutObject; "" if unknown or in the query protocol
}

// Names of services with other protocols than AWS JSON.
const (
	APIGateway = "apigateway"
	Lambda     = "lambda"
	Query      = "query" // every service that the platform serves with the query protocol
	S3         = "s3"
)

// queryServices lists the services that the platform serves with the query protocol. It omits SQS:
// package sqs converts SQS requests to the JSON protocol. The entry "" stands for an unsigned
// request's unknown service.
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
func (s Services) ReadCall(r *http.Request) Call {
	kept, _ := r.Context().Value(callKey{}).(**Call)
	if kept == nil {
		return s.readCall(r)
	}
	if *kept == nil {
		call := s.readCall(r)
		*kept = &call
	}
	return **kept
}

func (s Services) readCall(r *http.Request) Call {
	call := Call{AccessKey: accessKey(r)}
	if target, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		call.Service, call.Operation = s.findTarget(target), operation
		return call
	}
	service := calledService(r)
	if IsQuery(r) {
		if slices.Contains(queryServices, service) {
			call.Service = Query
		}
		return call
	}
	switch {
	case service == "":
		service = S3
	case service == APIGateway && (r.Method != http.MethodGet || !isAPI(r)),
		service == S3 && isS3Control(r):
		return call
	}
	if info, ok := s.find(service); ok && info.Operation != nil {
		call.Service, call.Operation = service, info.Operation(r)
	}
	return call
}

// isAPI reports whether the path names a single HTTP API.
func isAPI(r *http.Request) bool {
	id, ok := strings.CutPrefix(r.URL.Path, apisPath)
	return ok && id != "" && !strings.Contains(id, "/")
}

// isS3Control reports whether a request is for the S3 Control API, not for S3. Clients sign the
// requests of both APIs for the service "s3".
func isS3Control(r *http.Request) bool { return r.Header.Get("X-Amz-Account-Id") != "" }

// SplitFunction splits a reference to a Lambda function into the function's name and the qualifier.
// The reference is a name, an ARN or a partial ARN. The qualifier can be "".
func SplitFunction(reference string) (name, qualifier string) {
	// With a colon in front, the search also finds function: at the start of a partial ARN.
	if _, after, ok := strings.Cut(":"+reference, ":function:"); ok {
		reference = after
	}
	name, qualifier, _ = strings.Cut(reference, ":")
	return name, qualifier
}
