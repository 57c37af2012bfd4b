package faults

import (
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// throttles maps each service to its error code for throttling. The AWS SDK retries these errors.
var throttles = map[string]string{
	"s3":       "SlowDown",
	"dynamodb": "ProvisionedThroughputExceededException",
	"sqs":      "RequestThrottled",
	"events":   "ThrottlingException",
	"lambda":   "TooManyRequestsException",
	"query":    "Throttling",
}

func throttleStatus(service string) int {
	if service == "s3" {
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func respondError(w http.ResponseWriter, service string, status int, code string) {
	protocol.WriteError(w, service, status, code, "injected fault")
}
