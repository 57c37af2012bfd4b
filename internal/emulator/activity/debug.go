package activity

// Names of the steps of level DEBUG. The emulator records these steps only if Options.Debug is set.
const (
	// Request is a POST request to an HTTP API. Its details are method, path, status, ms, headers,
	// authorizer and response. If the request was rejected, the details include body and bodyBytes.
	Request = "request"
	// Call is a call to an AWS API. Its details are service, operation, resource, status, ms and
	// event ids. If the caller is not a function, the details include the caller's access key.
	Call = "aws call"
)
