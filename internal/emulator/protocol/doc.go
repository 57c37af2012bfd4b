// Package protocol reads and answers requests in the protocols of AWS's APIs.
//
// A [Call] names the service and the operation of a request. [JSONHandler] serves the AWS JSON
// protocols 1.0 and 1.1. [WriteError] writes an error in the form of the service that was called.
package protocol
