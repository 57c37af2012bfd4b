package protocol

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// QueryHandler serves the operations of the AWS query protocol by name. A request is a form; the
// value that an operation returns is the XML of its answer.
type QueryHandler map[string]func(form url.Values) (any, error)

// maxForm bounds a request; CloudFormation's largest holds a template of 51,200 bytes.
const maxForm = 1 << 20

// IsQuery reports whether a request is one of the query protocol.
func IsQuery(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/" &&
		strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

func (h QueryHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := h.answer(w, r)
	var failure *Error
	if errors.As(err, &failure) {
		WriteError(w, "query", http.StatusBadRequest, failure.Code, failure.Message)
		return
	}
	write(w, http.StatusOK, "text/xml", xml.Marshal, answer)
}

func (h QueryHandler) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, Errorf("InvalidRequest", "read the form: %v", err)
	}
	action := r.PostForm.Get("Action")
	if operation, ok := h[action]; ok {
		return operation(r.PostForm)
	}
	return nil, Errorf("InvalidAction", "the local platform does not serve %s", action)
}
