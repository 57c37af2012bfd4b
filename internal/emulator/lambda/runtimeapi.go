package lambda

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// runtimePrefix begins the paths of the Runtime API; behind it is the sandbox.
const runtimePrefix = "/_runtime/"

func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	api := runtimePrefix + "{sandbox}/2018-06-01/runtime/"
	mux.HandleFunc("GET "+api+"invocation/next", s.bySandbox((*sandbox).serveNext))
	mux.HandleFunc("POST "+api+"invocation/{id}/response", s.bySandbox((*sandbox).serveResponse))
	mux.HandleFunc("POST "+api+"invocation/{id}/error", s.bySandbox((*sandbox).serveError))
	mux.HandleFunc("POST "+api+"init/error", s.bySandbox((*sandbox).serveInitError))
	s.invokeRoutes(mux)
	return mux
}

// ServeHTTP serves the Runtime API below /_runtime/ and Lambda's API below /2015-03-31/.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *Service) bySandbox(serve func(*sandbox, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		b, ok := s.sandboxes[r.PathValue("sandbox")]
		s.mu.Unlock()
		if !ok {
			runtimeError(w, http.StatusForbidden, "InvalidSandbox", "there is no such sandbox")
			return
		}
		serve(b, w, r)
	}
}

// serveNext waits for the next invocation and hands it over.
func (b *sandbox) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case b.ready <- struct{}{}:
	default: // it asks again after a broken connection
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

	f := b.function
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(call.payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", call.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(call.timeout.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", f.service.arn(f.Name))
	h.Set("Lambda-Runtime-Trace-Id", call.trace)
	_, _ = w.Write(call.payload) // a runtime that went away ends its process, which is seen there
}

func (b *sandbox) serveResponse(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		b.answer(r.PathValue("id"), response{failed: true, payload: errorPayload("Function.ResponseSizeTooLarge", r.PathValue("id"),
			fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxPayload))})
		runtimeError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the response is too large")
	case err != nil:
		return // the connection broke; the process ends or tries again
	case r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "":
		b.finish(w, r, response{failed: true, payload: errorPayload(r.Trailer.Get("Lambda-Runtime-Function-Error-Type"), r.PathValue("id"), "the response stream failed")})
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
	accepted(w)
}

func (b *sandbox) finish(w http.ResponseWriter, r *http.Request, o response) {
	if !b.answer(r.PathValue("id"), o) {
		runtimeError(w, http.StatusBadRequest, "InvalidRequestID", "this is not the invocation under way")
		return
	}
	accepted(w)
}

// answer ends the invocation under way, if it has that id.
func (b *sandbox) answer(id string, o response) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current == nil || b.current.id != id {
		return false
	}
	b.current.done <- o
	b.current = nil
	return true
}

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func runtimeError(w http.ResponseWriter, status int, errorType, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errorType":%q,"errorMessage":%q}`, errorType, message)
}
