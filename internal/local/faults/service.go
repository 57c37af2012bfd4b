package faults

import (
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
)

var targets = map[string]string{"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "AWSEvents": "events"}

// operationOf tells which service and operation a request is for, as the services' handlers do.
func operationOf(r *http.Request) (service, operation string) {
	if target, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return targets[target], name
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.Method == http.MethodGet && key == "":
		return "s3", "ListObjectsV2"
	case r.Method == http.MethodGet:
		return "s3", "GetObject"
	case r.Method == http.MethodPut:
		return "s3", "PutObject"
	case r.Method == http.MethodHead:
		return "s3", "HeadObject"
	case r.Method == http.MethodDelete:
		return "s3", "DeleteObject"
	}
	return "s3", r.Method
}

const internalError = "InternalError"

// throttles are the services' own errors for too many requests; the SDK tries each again.
var throttles = map[string]string{
	"s3":       "SlowDown",
	"dynamodb": "ProvisionedThroughputExceededException",
	"sqs":      "RequestThrottled",
	"events":   "ThrottlingException",
}

func throttleStatus(service string) int {
	if service == "s3" {
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// fail answers with an error in the service's form.
func fail(w http.ResponseWriter, service string, status int, code string) {
	const message = "an injected fault"
	body := fmt.Sprintf(`{"__type":%q,"message":%q}`, code, message)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if service == "s3" {
		body = fmt.Sprintf("<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
		w.Header().Set("Content-Type", "application/xml")
	}
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10)) // DynamoDB's clients check it
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that went away needs no answer
}
