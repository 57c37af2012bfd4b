package lambda

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// RuntimePrefix is the start of every path of the Runtime API. The sandbox id follows.
const RuntimePrefix = "/_runtime/"

func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	api := RuntimePrefix + "{sandbox}/2018-06-01/runtime/"
	mux.HandleFunc("GET "+api+"invocation/next", s.bySandbox((*sandbox).serveNext))
	mux.HandleFunc("POST "+api+"invocation/{id}/response", s.bySandbox((*sandbox).serveResponse))
	mux.HandleFunc("POST "+api+"invocation/{id}/error", s.bySandbox((*sandbox).serveError))
	mux.HandleFunc("POST "+api+"init/error", s.bySandbox((*sandbox).serveInitError))
	s.invokeRoutes(mux)
	return mux
}

// ServeHTTP serves the Runtime API under /_runtime/ and the Lambda API under /2015-03-31/.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *Service) bySandbox(
	serve func(*sandbox, http.ResponseWriter, *http.Request),
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		b, ok := s.sandboxes[r.PathValue("sandbox")]
		s.mu.Unlock()
		if !ok {
			runtimeError(w, http.StatusForbidden, "InvalidSandbox", "unknown sandbox")
			return
		}
		serve(b, w, r)
	}
}

// serveNext waits for the next invocation and sends it to the runtime.
func (b *sandbox) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case b.ready <- struct{}{}:
	default: // the channel holds the signal of an earlier request, whose connection broke
	}
	var call *invocation
	select {
	case call = <-b.work:
	case <-r.Context().Done():
		return
	case <-b.exited:
		return
	}
	b.mu.Lock()
	b.current = call
	b.mu.Unlock()

	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(call.payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", call.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(call.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", call.arn)
	h.Set("Lambda-Runtime-Trace-Id", call.trace)
	_, _ = w.Write(call.payload) // if the write fails, the runtime exits
}

func (b *sandbox) serveResponse(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	id, errorType := r.PathValue("id"), r.Trailer.Get("Lambda-Runtime-Function-Error-Type")
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		text := fmt.Sprintf("Response payload size exceeded maximum allowed payload size "+
			"(%d bytes).", maxPayload)
		b.respond(id, response{errorPayload("Function.ResponseSizeTooLarge", id, text), true})
		runtimeError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			"the response is too large")
	case err != nil:
		return // the connection broke: the runtime exits or tries again
	case errorType != "":
		payload = errorPayload(errorType, id, "the response stream failed")
		b.finish(w, r, response{payload, true})
	default:
		b.finish(w, r, response{payload: payload})
	}
}

func (b *sandbox) serveError(w http.ResponseWriter, r *http.Request) {
	if payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload)); err == nil {
		b.finish(w, r, response{payload: payload, failed: true})
	}
}

func (b *sandbox) serveInitError(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if err != nil {
		return
	}
	b.mu.Lock()
	b.initError = payload
	b.mu.Unlock()
	writeAccepted(w)
}

func (b *sandbox) finish(w http.ResponseWriter, r *http.Request, result response) {
	if !b.respond(r.PathValue("id"), result) {
		runtimeError(w, http.StatusBadRequest, "InvalidRequestID",
			"the sandbox does not run this invocation")
		return
	}
	writeAccepted(w)
}

// respond ends the invocation with a result. It returns false if the sandbox does not run this
// invocation.
func (b *sandbox) respond(id string, result response) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current == nil || b.current.id != id {
		return false
	}
	b.current.done <- result
	b.current = nil
	return true
}

func writeAccepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func runtimeError(w http.ResponseWriter, status int, errorType, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errorType":%q,"errorMessage":%q}`, errorType, message)
}
