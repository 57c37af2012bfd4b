package lambda

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func (s *Service) invokeRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", s.serveInvoke)
	s.functionRoutes(mux)
	mux.HandleFunc("/", protocol.WriteNotServed)
}

// serveInvoke serves the operation Invoke.
func (s *Service) serveInvoke(w http.ResponseWriter, r *http.Request) {
	name, payload, err := s.readInvoke(w, r)
	if err != nil {
		writeError(w, err)
		return
	}
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
		s.invokeAndRespond(w, r, name, payload)
	case "Event":
		if err := s.InvokeAsync(name, payload); err != nil {
			writeError(w, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
	default:
		writeError(w, invalidParameter("Unknown invocation type: %s", kind))
	}
}

// readInvoke reads and validates a request of Invoke. It sets the response header with the version
// of the function.
func (s *Service) readInvoke(
	w http.ResponseWriter, r *http.Request,
) (name string, payload []byte, err error) {
	if name, err = requestedFunction(r); err != nil {
		return "", nil, err
	}
	payload, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return "", nil, &TooLargeError{maxPayload + 1, maxPayload}
	}
	if err != nil {
		return "", nil, protocol.Errorf("InvalidRequestContentException", "read the payload: %v",
			err)
	}
	_, version, err := s.find(name)
	if err != nil {
		return "", nil, err
	}
	w.Header().Set("X-Amz-Executed-Version", version)
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) {
		return "", nil, protocol.Errorf("InvalidRequestContentException",
			"Could not parse request body into json")
	}
	logType := r.Header.Get("X-Amz-Log-Type")
	if !slices.Contains([]string{"", "None", "Tail"}, logType) {
		return "", nil, protocol.Errorf("ValidationException", "1 validation error detected: "+
			"Value '%s' at 'logType' failed to satisfy constraint: Member must satisfy enum value "+
			"set: [None, Tail]", logType)
	}
	return name, payload, nil
}

func (s *Service) invokeAndRespond(w http.ResponseWriter, r *http.Request, name string,
	payload []byte) {
	// Like Lambda, do not cancel an invocation if the client closes or half-closes the connection.
	call := newInvocation(payload)
	call.keepTail = r.Header.Get("X-Amz-Log-Type") == "Tail"
	result, err := s.invoke(context.WithoutCancel(r.Context()), name, call)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", result.RequestID)
	if result.FunctionError != "" {
		w.Header().Set("X-Amz-Function-Error", result.FunctionError)
	}
	if call.keepTail {
		w.Header().Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(result.Tail))
	}
	_, _ = w.Write(result.Payload) // fails only if the caller disconnected
}

// requestedFunction returns the function's name or ARN in a request's URL, with the qualifier if
// there is one. The qualifier is a part of the path or a query parameter.
func requestedFunction(r *http.Request) (reference string, err error) {
	reference, qualifier := r.PathValue("name"), r.URL.Query().Get("Qualifier")
	_, derived := protocol.SplitFunction(reference)
	switch {
	case qualifier == "" || qualifier == derived:
		return reference, nil
	case derived != "":
		return "", invalidParameter("The derived qualifier from the function name does not match " +
			"the specified qualifier.")
	case !qualifierPattern.MatchString(qualifier):
		return "", protocol.Errorf("ValidationException",
			"1 validation error detected: Value '%s' "+
				"at 'qualifier' failed to satisfy constraint: Member must satisfy regular "+
				"expression pattern: %s", qualifier, qualifierPattern)
	}
	return reference + ":" + qualifier, nil
}

var qualifierPattern = regexp.MustCompile(`^(\$LATEST|[a-zA-Z0-9_-]+)$`)

func writeError(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, "ServiceException"
	if failure, ok := errors.AsType[*protocol.Error](err); ok {
		status, code = cmp.Or(failure.Status, http.StatusBadRequest), failure.Code
		protocol.WriteError(w, protocol.Lambda, status, code, failure.Message)
		return
	}
	if _, ok := errors.AsType[*NotFoundError](err); ok {
		status, code = http.StatusNotFound, "ResourceNotFoundException"
	}
	if _, ok := errors.AsType[*TooLargeError](err); ok {
		status, code = http.StatusRequestEntityTooLarge, "RequestTooLargeException"
	}
	protocol.WriteError(w, protocol.Lambda, status, code, err.Error())
}
