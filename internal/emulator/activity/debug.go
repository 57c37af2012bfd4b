package activity

// Names of the steps of level DEBUG. The emulator records them only with Options.Debug.
const (
	// Request is a POST request to an HTTP API. Its details are method, path, status, ms, headers,
	// authorizer, response and, if the request was refused, body and bodyBytes.
	Request = "request"
	// Call is a call to an AWS API. Its details are service, operation, resource, status, ms, the
	// ids of its events and, if no function made the call, the caller's access key.
	Call = "aws call"
)
