// Package protocol reads and answers requests in the protocols of AWS's APIs:
//
//   - A [Call] names the service and the operation of a request.
//   - [JSONHandler] serves the AWS JSON protocols 1.0 and 1.1.
//   - [QueryHandler] serves the AWS query protocol.
//   - [WriteError] writes an error in the format of the called service.
//   - [WriteNotServed] answers requests that no service serves.
package protocol
