package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func (s *Service) invokeRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", s.serveInvoke)
	mux.HandleFunc("GET /2015-03-31/functions/{name}/configuration", s.serveFunction)
	mux.HandleFunc("GET /2015-03-31/functions/{name}", s.serveFunction)
	mux.HandleFunc("GET /2015-03-31/functions/{$}", s.serveList)
	mux.HandleFunc("GET /2015-03-31/functions", s.serveList)
	mux.HandleFunc("/", protocol.WriteNotServed)
}

// serveInvoke serves the operation Invoke. It ignores the header X-Amz-Log-Type, because
// Config.Logs already receives the logs.
func (s *Service) serveInvoke(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		writeError(w, &TooLargeError{maxPayload + 1})
		return
	}
	if err != nil {
		return
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) {
		protocol.WriteError(w, "lambda", http.StatusBadRequest, "InvalidRequestContentException",
			"Could not parse request body into json")
		return
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
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
		if _, err := s.function(name); err != nil {
			writeError(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		protocol.WriteError(w, "lambda", http.StatusBadRequest, "InvalidParameterValueException",
			"Unknown invocation type: "+kind)
	}
}

func (s *Service) invokeAndRespond(w http.ResponseWriter, r *http.Request, name string,
	payload []byte) {
	// Lambda does not cancel an invocation if the client disconnects or half-closes.
	result, err := s.Invoke(context.WithoutCancel(r.Context()), name, payload)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", result.RequestID)
	if result.FunctionError != "" {
		w.Header().Set("X-Amz-Function-Error", result.FunctionError)
	}
	_, _ = w.Write(result.Payload) // fails only if the caller disconnected
}

// configuration describes a function in responses.
type configuration struct {
	FunctionName, FunctionArn, Runtime, Handler, Version string
	State, LastUpdateStatus, PackageType                 string
	MemorySize, Timeout                                  int
	Environment                                          struct{ Variables map[string]string }
}

func (s *Service) describe(f *function) configuration {
	c := configuration{
		FunctionName: f.Name, FunctionArn: s.arn(f.Name),
		Runtime: "provided.al2023", Handler: "bootstrap", Version: "$LATEST",
		State: "Active", LastUpdateStatus: "Successful", PackageType: "Zip",
		MemorySize: f.MemoryMB, Timeout: int(f.Timeout.Seconds()),
	}
	c.Environment.Variables = f.Environment
	return c
}

// serveFunction serves the operations GetFunction and GetFunctionConfiguration.
func (s *Service) serveFunction(w http.ResponseWriter, r *http.Request) {
	f, err := s.function(r.PathValue("name"))
	if err != nil {
		writeError(w, err)
		return
	}
	var description any = s.describe(f)
	if !strings.HasSuffix(r.URL.Path, "/configuration") {
		description = map[string]any{"Configuration": description}
	}
	protocol.WriteJSON(w, http.StatusOK, description)
}

func (s *Service) serveList(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	all := []configuration{}
	for _, f := range s.functions {
		all = append(all, s.describe(f))
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b configuration) int {
		return strings.Compare(a.FunctionName, b.FunctionName)
	})
	protocol.WriteJSON(w, http.StatusOK, map[string]any{"Functions": all})
}

func writeError(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, "ServiceException"
	if _, ok := errors.AsType[*NotFoundError](err); ok {
		status, code = http.StatusNotFound, "ResourceNotFoundException"
	}
	if _, ok := errors.AsType[*TooLargeError](err); ok {
		status, code = http.StatusRequestEntityTooLarge, "RequestTooLargeException"
	}
	protocol.WriteError(w, "lambda", status, code, err.Error())
}
