package protocol

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Call represents a call of AWS's APIs.
type Call struct {
	AccessKey string // of the signature; "" without one
	Service   string // s3, lambda, query for the query protocol, or a service in Targets
	Operation string // such as PutObject; "" if unknown, and for the query protocol
}

// Targets maps the prefix of X-Amz-Target that a service owns to the name of the service.
type Targets map[string]string

// ReadCall returns the call that a request makes, from its headers and URL.
func (t Targets) ReadCall(r *http.Request) Call {
	call := Call{AccessKey: accessKey(r)}
	if target, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		call.Service, call.Operation = t[target], operation
		return call
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/2015-03-31/"):
		call.Service, call.Operation = "lambda", lambdaOperation(r)
	case IsQuery(r):
		call.Service = "query"
	default:
		call.Service, call.Operation = "s3", s3Operation(r)
	}
	return call
}

func accessKey(r *http.Request) string {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(credential, "/")
	return key
}

func lambdaOperation(r *http.Request) string {
	switch {
	case LambdaFunction(r) == "":
		return "ListFunctions"
	case strings.HasSuffix(r.URL.Path, "/invocations"):
		return "Invoke"
	case strings.HasSuffix(r.URL.Path, "/configuration"):
		return "GetFunctionConfiguration"
	}
	return "GetFunction"
}

// LambdaFunction returns the name or ARN of the function that a request to Lambda names; "" if it
// names none.
func LambdaFunction(r *http.Request) string {
	_, function, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/2015-03-31/functions"), "/")
	function, _, _ = strings.Cut(function, "/")
	return function
}

// S3Object returns the bucket and the key that a request to S3 names; "" for what it does not name.
func S3Object(r *http.Request) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return bucket, key
}

// s3Operations maps method and target to S3's operations, by the query parameter that selects them.
// "" is the operation without such a parameter.
var s3Operations = map[string]map[string]string{
	"GET account": {"": "ListBuckets"},
	"GET bucket": {
		"":           "ListObjectsV2",
		"location":   "GetBucketLocation",
		"uploads":    "ListMultipartUploads",
		"versioning": "GetBucketVersioning",
		"versions":   "ListObjectVersions",
	},
	"HEAD bucket":   {"": "HeadBucket"},
	"PUT bucket":    {"": "CreateBucket", "versioning": "PutBucketVersioning"},
	"DELETE bucket": {"": "DeleteBucket"},
	"POST bucket":   {"delete": "DeleteObjects"},
	"GET object":    {"": "GetObject", "uploadId": "ListParts"},
	"HEAD object":   {"": "HeadObject"},
	"PUT object":    {"": "PutObject", "uploadId": "UploadPart"},
	"POST object":   {"uploads": "CreateMultipartUpload", "uploadId": "CompleteMultipartUpload"},
	"DELETE object": {"": "DeleteObject", "uploadId": "AbortMultipartUpload"},
}

// S3Operations returns the names of the operations that ReadCall recognises in S3's requests,
// sorted.
func S3Operations() []string {
	names := []string{"CopyObject"}
	for _, operations := range s3Operations {
		names = slices.AppendSeq(names, maps.Values(operations))
	}
	slices.Sort(names)
	return names
}

func s3Operation(r *http.Request) string {
	bucket, key := S3Object(r)
	target := "account"
	switch {
	case key != "":
		target = "object"
	case bucket != "":
		target = "bucket"
	}
	operations := s3Operations[r.Method+" "+target]
	query := r.URL.Query()
	for parameter, operation := range operations {
		if parameter != "" && query.Has(parameter) {
			return operation
		}
	}
	if operations[""] == "PutObject" && r.Header.Get("X-Amz-Copy-Source") != "" {
		return "CopyObject"
	}
	return operations[""]
}
